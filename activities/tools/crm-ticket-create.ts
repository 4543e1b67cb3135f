import { createsRecord } from './crm-create.ts';
import { crmId, onOff, recordName } from './field.ts';

export const crmTicketCreate = createsRecord({
  nodeType: 'qontak_crm_ticket_create',
  kind: 'ticket',
  label: 'Create Ticket',
  description: 'Creates a support ticket in the CRM for this customer.',
  fields: [
    crmId('crm_pipeline_id', 'The pipeline the ticket goes into', true),
    crmId('crm_stage_id', 'The stage of the pipeline', true),
    recordName(true),
    crmId('creator_id', 'The CRM user who owns the ticket'),
    onOff('customer_contact_association', 'Tie the ticket to the lead with the phone number of the customer'),
  ],
});
