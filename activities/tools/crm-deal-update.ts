import { updatesRecord } from './crm-update.ts';
import { amount, count, headerText, onOff, ownRecordId, recordName, stageId } from './field.ts';

export const crmDealUpdate = updatesRecord({
  nodeType: 'qontak_crm_deal_update',
  kind: 'deal',
  label: 'Update Deal',
  description: 'Changes a sales deal of this conversation in the CRM.',
  fields: [
    ownRecordId('deal'),
    recordName(false),
    stageId('The stage the deal moves to'),
    amount('amount', 'What the deal is worth, a whole number'),
    onOff('include_logs', 'Have the CRM answer with the log of the deal'),
    count('limit', 'How many entries of the log'),
    count('page', 'Which page of the log'),
    headerText('x_trace_id', 'Sent as X-Trace-Id; the key of the call where it is left out'),
  ],
});
