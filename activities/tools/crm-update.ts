import type { NodeType } from '../../domain/tool.ts';
import type { Json } from '../../domain/external-action.ts';
import type { CallContext } from '../ports/calls.ts';
import { notDone, notFoundOut, openExchanges, succeeded } from './crm-answer.ts';
import { holds, recordIn } from './crm-body.ts';
import type { CrmRecord } from './crm-body.ts';
import { isBlank } from './field.ts';
import type { Field } from './field.ts';
import {
  fieldProblems,
  fieldsSchemaOf,
  fillFields,
  modelSchemaOf,
  openFields,
  parametersOf,
  refused,
} from './fields.ts';
import type { Refused } from './fields.ts';
import type { Attempt, Executed, Tool, ToolPorts } from './tool.ts';

interface Updated {
  nodeType: NodeType;
  kind: 'deal' | 'ticket';
  label: string;
  description: string;
  fields: readonly Field[];
}

/** Fields of an update that change nothing: where it goes, and how. */
const BESIDE = ['id', 'include_logs', 'limit', 'page', 'x_trace_id'];

/** A tool that changes a record in the CRM (ACT-3). */
export function updatesRecord({ nodeType, kind, label, description, fields }: Updated): Tool {
  return {
    nodeType,
    group: 'mekari_qontak_crm',
    label,
    effect: 'write',
    reliability: 'lookup',
    creates: false,
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
      const fixed = !isBlank(builders['id']);
      const id = fixed ? filled.values : ownId(kind, situation.context, filled.values['id']);
      if (isRefused(id)) return id;
      const values = { ...filled.values, id: id['id'] ?? null };
      if (Object.keys(changesIn(values)).length === 0)
        return refused('nothing_to_change', 'Nothing was given to change. Nothing was done.');
      return { kind: 'ready', arguments: values, effect: 'write', reliability: 'lookup' };
    },
    execute: (ports, attempt) => update(kind, ports, attempt),
  };
}

/** The model names none but the conversation's own; what it leaves open is the newest of them (ACT-4). */
function ownId(
  kind: 'deal' | 'ticket',
  { ownRecords }: CallContext,
  named: Json | undefined,
): { id: Json } | Refused {
  const own = ownRecords[`${kind}s`];
  if (named !== undefined && !isBlank(named))
    return own.some((id) => id === named)
      ? { id: named }
      : refused('foreign_record', `This ${kind} is not of this conversation. Nothing was done.`);
  const [newest] = own;
  return newest === undefined
    ? refused('id_unresolved', `This conversation has no ${kind} yet. Nothing was done.`)
    : { id: newest };
}

function isRefused(value: { [name: string]: Json } | Refused): value is Refused {
  return value['kind'] === 'refused';
}

function changesIn(values: CrmRecord): CrmRecord {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !BESIDE.includes(name)));
}

async function update(kind: 'deal' | 'ticket', ports: ToolPorts, attempt: Attempt): Promise<Executed> {
  const send = openExchanges(ports, attempt);
  const { call } = attempt;
  const values = call.arguments as CrmRecord;
  const id = String(values['id']);
  const path = `/api/v3.1/${kind}s/${encodeURIComponent(id)}`;
  const body = changesIn(values);
  const result = { ok: true, updated: kind, id };
  if (attempt.repeat) {
    const { answer, record } = await send({ method: 'GET', path });
    const now = answer.kind === 'ok' ? recordIn(answer.body) : null;
    // The same values once more do no harm; what the record holds now only tells whether they are needed.
    if (now === null) return notFoundOut(answer, record);
    if (holds(now, body)) return succeeded(result, null, record);
  }
  const headers = { 'X-Trace-Id': String(values['x_trace_id'] ?? call.idempotencyKey) };
  const { answer, record } = await send({ method: 'PUT', path, headers, ...queryOf(values), body });
  return answer.kind === 'ok' ? succeeded(result, null, record) : notDone(answer, record);
}

function queryOf(values: CrmRecord): { query?: Record<string, string> } {
  const given = ['include_logs', 'limit', 'page'].filter((name) => values[name] !== undefined);
  if (given.length === 0) return {};
  return { query: Object.fromEntries(given.map((name) => [name, String(values[name])])) };
}
