import type { NodeType } from '../../domain/tool.ts';
import type { CallRef } from '../ports/calls.ts';
import type { RoomOutcome, Rooms } from '../ports/rooms.ts';
import type { Field } from './field.ts';
import {
  fieldProblems,
  fieldsSchemaOf,
  fillFields,
  modelSchemaOf,
  openFields,
  parametersOf,
} from './fields.ts';
import type { Refused } from './fields.ts';
import type { CrmRecord } from './crm-body.ts';
import type { Executed, FieldProblem, Tool } from './tool.ts';

interface RoomTool {
  nodeType: NodeType;
  label: string;
  description: string;
  fields: readonly Field[];
  /** What only holds between fields. */
  problemsBetween?(builders: Readonly<Record<string, unknown>>): FieldProblem[];
  /** The open fields the model is not offered all the same. */
  closed?(builders: Readonly<Record<string, unknown>>): readonly string[];
  /** What stands in the way of the filled fields. */
  refusalOf?(values: CrmRecord): Refused | null;
  act(rooms: Rooms, ref: CallRef, values: CrmRecord, now: Date): Promise<RoomOutcome>;
  result(done: Extract<RoomOutcome, { kind: 'done' }>, values: CrmRecord): CrmRecord;
}

/**
 * A tool for the conversation itself (ACT-5, ACT-6). Its effect, the check of the call's row and the call's end are
 * one transaction, so the row is the key that makes a repeat harmless.
 */
export function actsOnRoom(tool: RoomTool): Tool {
  const { nodeType, label, description, fields } = tool;
  const offeredTo = (builders: Readonly<Record<string, unknown>>) => {
    const closed = tool.closed?.(builders) ?? [];
    return fields.map((field) => (closed.includes(field.name) ? { ...field, open: null } : field));
  };
  return {
    nodeType,
    group: 'mekari_qontak_chat',
    label,
    effect: 'write',
    reliability: 'keyed',
    creates: false,
    fieldsSchema: fieldsSchemaOf(fields),
    problemsOf(builders) {
      const alone = fieldProblems(fields, builders);
      return alone.length > 0 ? alone : (tool.problemsBetween?.(builders) ?? []);
    },
    offer: ({ fields: builders }) => ({
      name: nodeType,
      description,
      parameters: parametersOf(modelSchemaOf(openFields(offeredTo(builders), builders))),
    }),
    resolve({ fields: builders }, proposed, situation) {
      const filled = fillFields(offeredTo(builders), builders, proposed, situation);
      if (filled.kind === 'refused') return filled;
      const refusal = tool.refusalOf?.(filled.values) ?? null;
      if (refusal !== null) return refusal;
      return { kind: 'ready', arguments: filled.values, effect: 'write', reliability: 'keyed' };
    },
    async execute({ rooms, clock }, { call }): Promise<Executed> {
      const ref = { organisationId: call.organisationId, callId: call.id };
      const values = call.arguments as CrmRecord;
      const outcome = await tool.act(rooms, ref, values, clock.now());
      return outcome.kind === 'done' ? done(tool.result(outcome, values), outcome) : refusedBy(outcome.code);
    },
  };
}

function done(result: CrmRecord, { leaves }: Extract<RoomOutcome, { kind: 'done' }>): Executed {
  return {
    kind: 'ended',
    outcome: { state: 'succeeded', reason: null, result: { ok: true, ...result } },
    attempt: null,
    leaves,
  };
}

function refusedBy(code: string): Executed {
  const result = { ok: false, error: `This could not be done (${code}). Nothing was done.` };
  return { kind: 'ended', outcome: { state: 'failed', reason: code, result }, attempt: null, leaves: null };
}
