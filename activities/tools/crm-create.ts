import type { NodeType } from '../../domain/tool.ts';
import { notDone, notFoundOut, openExchanges, succeeded } from './crm-answer.ts';
import type { Exchange } from './crm-answer.ts';
import { idOf, listIn, recordIn } from './crm-body.ts';
import type { CrmRecord } from './crm-body.ts';
import { leadsOf } from './crm-leads.ts';
import type { Leads } from './crm-leads.ts';
import type { Field } from './field.ts';
import {
  fieldProblems,
  fieldsSchemaOf,
  fillFields,
  modelSchemaOf,
  openFields,
  parametersOf,
} from './fields.ts';
import type { Attempt, Executed, Tool, ToolPorts } from './tool.ts';

interface Created {
  nodeType: NodeType;
  kind: 'deal' | 'ticket';
  label: string;
  description: string;
  fields: readonly Field[];
}

/** A tool that makes a record in the CRM (ACT-3). */
export function createsRecord({ nodeType, kind, label, description, fields }: Created): Tool {
  return {
    nodeType,
    group: 'mekari_qontak_crm',
    label,
    effect: 'write',
    reliability: 'lookup',
    creates: true,
    fieldsSchema: fieldsSchemaOf(fields),
    problemsOf: (builders) => fieldProblems(fields, builders),
    offer: ({ fields: builders }) => ({
      name: nodeType,
      description,
      parameters: parametersOf(modelSchemaOf(openFields(fields, builders))),
    }),
    resolve({ fields: builders }, proposed, situation) {
      const filled = fillFields(fields, builders, proposed, situation);
      if (filled.kind === 'refused') return filled;
      return { kind: 'ready', arguments: filled.values, effect: 'write', reliability: 'lookup' };
    },
    execute: (ports, attempt) => create(kind, ports, attempt),
  };
}

async function create(kind: 'deal' | 'ticket', ports: ToolPorts, attempt: Attempt): Promise<Executed> {
  const send = openExchanges(ports, attempt);
  const { call, context } = attempt;
  const path = `/api/v3.1/${kind}s`;
  if (attempt.repeat) {
    const query = { trace_id: call.idempotencyKey };
    const before = made(await send({ method: 'GET', path, query }), kind, call.idempotencyKey);
    if (before !== 'not_made') return before;
  }
  const { customer_contact_association: associated, ...fields } = call.arguments as CrmRecord;
  const leads = associated === true ? await leadsOf(send, context.contact.phone) : null;
  if (leads?.kind === 'stopped') return leads.executed;

  const body = leads?.kind === 'leads' ? { ...fields, crm_lead_ids: leads.ids } : fields;
  const headers = { 'X-Trace-Id': call.idempotencyKey };
  const { answer, record } = await send({ method: 'POST', path, headers, body });
  if (answer.kind !== 'ok') return notDone(answer, record);
  const id = idIn(recordIn(answer.body));
  return succeeded({ ...madeResult(kind, id), ...contactResult(leads) }, madeRecord(kind, id), record);
}

/**
 * Whether an earlier attempt made the record. The vendor does not document `trace_id` as a filter, nor that it comes
 * back: only a record that carries our key, or an empty list, is believed.
 */
function made({ answer, record }: Exchange, kind: 'deal' | 'ticket', key: string): Executed | 'not_made' {
  const list = answer.kind === 'ok' ? listIn(answer.body) : null;
  if (list?.length === 0) return 'not_made';
  const ours = list?.find(({ trace_id: trace }) => trace === key);
  if (ours === undefined) return notFoundOut(answer, record);
  const id = idIn(ours);
  return succeeded(madeResult(kind, id), madeRecord(kind, id), record);
}

function idIn(record: CrmRecord | null): string | null {
  return record === null ? null : idOf(record);
}

function madeResult(kind: string, id: string | null): CrmRecord {
  return id === null ? { ok: true, created: kind } : { ok: true, created: kind, id };
}

function madeRecord(
  kind: 'deal' | 'ticket',
  id: string | null,
): { kind: 'deal' | 'ticket'; id: string } | null {
  return id === null ? null : { kind, id };
}

function contactResult(leads: Exclude<Leads, { kind: 'stopped' }> | null): CrmRecord {
  if (leads === null) return {};
  return leads.kind === 'leads'
    ? { contact_linked: true }
    : { contact_linked: false, contact_reason: leads.why };
}
