import { createsRecord } from './crm-create.ts';
import { crmId, onOff, recordName } from './field.ts';
import { tagsField } from './tags.ts';

export const crmDealCreate = createsRecord({
  nodeType: 'qontak_crm_deal_create',
  kind: 'deal',
  label: 'Create deals',
  description: 'Creates a sales deal in the CRM for this customer.',
  fields: [
    crmId('crm_pipeline_id', 'The pipeline the deal goes into', true),
    crmId('crm_stage_id', 'The stage of the pipeline', true),
    recordName(true),
    crmId('creator_id', 'The CRM user who owns the deal'),
    onOff('customer_contact_association', 'Tie the deal to the lead with the phone number of the customer'),
    tagsField(false),
  ],
});
