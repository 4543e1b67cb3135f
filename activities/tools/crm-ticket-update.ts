import { updatesRecord } from './crm-update.ts';
import { crmId, ownRecordId, recordName } from './field.ts';

export const crmTicketUpdate = updatesRecord({
  nodeType: 'qontak_crm_ticket_update',
  kind: 'ticket',
  label: 'Update Ticket',
  description: 'Changes a support ticket of this conversation in the CRM.',
  fields: [
    ownRecordId('ticket'),
    crmId('crm_pipeline_id', 'The pipeline the ticket moves to'),
    crmId('crm_stage_id', 'The stage the ticket moves to'),
    recordName(false),
    crmId('creator_id', 'The CRM user who owns the ticket'),
  ],
});
