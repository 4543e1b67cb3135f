import { z } from 'zod';
import { APPROVAL_STATUSES, PRIORITIES } from '../domain/approval.ts';
import { CALL_STATES } from '../domain/call.ts';
import { redactedArguments, redactedJson } from '../domain/redacted-request.ts';
import type { Gateway } from './gateway.ts';
import { editOf } from './edit-call.ts';
import type { ApprovalCall, ApprovalRecord, ApprovalResult, EditProblem } from './ports.ts';
import { Problem, unknown } from './problem.ts';
import { operation } from './route.ts';
import { byId, id, pageOf, pageQuery, time, timeOrNull, toPage, toPageQuery, words } from './shapes.ts';
import type { Json } from '../domain/external-action.ts';

const call = z
  .strictObject({
    id,
    tool: z.string().meta({ description: 'As the model calls it, or external_action' }),
    external_action: z
      .strictObject({ id, version: z.int(), action_name: z.string(), display_name: z.string() })
      .nullable(),
    arguments: z.unknown().meta({ description: 'What it would be done with, secrets redacted' }),
    editable_arguments: z.unknown().meta({ description: 'Those that a decision may change' }),
    state: z.enum(CALL_STATES),
    reason: z.string().nullable().meta({ description: 'A code' }),
    edited: z.boolean().meta({ description: 'An operator gave it other arguments' }),
  })
  .meta({ id: 'ApprovalCall' });

const approval = z
  .strictObject({
    id,
    conversation_id: id,
    agent_id: id,
    contact: z.strictObject({ id, name: z.string().nullable() }),
    request_type: z.string(),
    request_details: z.string(),
    request_data: z.unknown().meta({ description: 'Any JSON; null where none was given' }),
    status: z.enum(APPROVAL_STATUSES),
    priority: z.enum(PRIORITIES),
    response: z.string().nullable(),
    response_data: z.unknown().meta({ description: 'Any JSON; null where none was given' }),
    decided_by: z
      .string()
      .nullable()
      .meta({ description: 'member:, key: or agent:, and an id; or customer' }),
    digest: z.string().nullable().meta({ description: 'Of the exact call that waits; null: none does' }),
    call: call
      .nullable()
      .meta({ description: 'The call that waits for the decision; null: a request of its own' }),
    created_at: time,
    expires_at: time,
    resolved_at: time.nullable(),
  })
  .meta({ id: 'Approval' });

const ended = z.strictObject({
  status: z.enum(APPROVAL_STATUSES),
  decided_by: z.string().nullable(),
  decided_at: time.nullable(),
  digest: z.string().nullable().meta({ description: 'Of the call that was decided about' }),
  edited: z.boolean(),
});

const LONGEST_RESPONSE = 2_000;
/** As of what a model may attach to its request. */
const LARGEST_DATA = 10 * 1024;

const data = z
  .record(z.string(), z.unknown())
  .refine(
    (data) => Buffer.byteLength(JSON.stringify(data)) <= LARGEST_DATA,
    `is longer than ${LARGEST_DATA} bytes`,
  );

export const listApprovals = operation({
  summary: 'What agents ask of operators, newest first',
  query: pageQuery.extend({ status: z.enum(APPROVAL_STATUSES).optional() }),
  status: 200,
  answer: pageOf(approval),
  async run({ caller, query }, { approvals }) {
    const filter = query.status === undefined ? {} : { status: query.status };
    return toPage(await approvals.list(caller, filter, toPageQuery(query)), toApproval);
  },
});

export const readApproval = operation({
  summary: 'One request of an agent’s to the operators',
  params: byId,
  status: 200,
  answer: approval,
  async run({ caller, params }, { approvals }) {
    const found = await approvals.read(caller, params.id);
    if (found === null) throw unknown('approval');
    return toApproval(found);
  },
});

export const decideApproval = operation({
  summary: 'Approves or denies; of all who decide at once one does, and the others are told who and when',
  params: byId,
  body: z.strictObject({
    decision: z.enum(['approve', 'deny']),
    response: words(LONGEST_RESPONSE)
      .optional()
      .meta({ description: 'For the agent, and through it the customer' }),
    response_data: data.optional(),
    arguments: data.optional().meta({
      description: 'Changes those of the call before it is approved; what is not named stays',
    }),
    digest: z.string().max(100).optional().meta({
      description: 'Of the call you saw: another one by now is 409, and nothing is decided',
    }),
  }),
  status: 200,
  answer: ended,
  also: [409, 410],
  async run({ caller, params, body }, gateway) {
    const { decision, response = null, response_data = null, digest = null } = body;
    if (body.arguments !== undefined && decision === 'deny')
      throw wrong([{ field: '', message: 'is only for approve' }]);
    const edit = body.arguments === undefined ? null : editOf(body.arguments as Record<string, Json>);
    const decided = { decision, response, responseData: response_data as Json, digest, edit };
    const now = gateway.clock.now();
    return toEnded(done(gateway, await gateway.approvals.decide(caller, params.id, decided, now)));
  },
});

export const cancelApproval = operation({
  summary: 'Withdraws a request that nobody has decided',
  params: byId,
  body: z.strictObject({}).optional(),
  status: 200,
  answer: ended,
  also: [409, 410],
  async run({ caller, params }, gateway) {
    return toEnded(done(gateway, await gateway.approvals.cancel(caller, params.id, gateway.clock.now())));
  },
});

export const changeApproval = operation({
  summary: 'Gives a pending request another priority',
  params: byId,
  body: z.strictObject({ priority: z.enum(PRIORITIES) }),
  status: 200,
  answer: approval,
  also: [409, 410],
  async run({ caller, params, body }, gateway) {
    const now = gateway.clock.now();
    const result = await gateway.approvals.setPriority(caller, params.id, body.priority, now);
    return toApproval(done(gateway, result));
  },
});

function done(gateway: Gateway, result: ApprovalResult): ApprovalRecord {
  if (result.kind === 'unknown') throw unknown('approval');
  if (result.kind === 'invalid') throw wrong(result.problems);
  if (result.kind === 'changed') throw changed(result.approval);
  tellWaiting(gateway, result);
  if (result.kind === 'ended') throw tooLate(result.approval);
  return result.approval;
}

/** What came of it, told to whoever waits; a Temporal that is away hears of it later. */
export function tellWaiting(
  { conversations }: Gateway,
  result: Extract<ApprovalResult, { kind: 'done' | 'ended' }>,
): void {
  const { approval, signal } = result;
  if (signal !== null) conversations.signalSoon(signal);
  if (signal !== null || (result.kind === 'done' && approval.status !== 'pending'))
    conversations.decidedSoon(approval.id);
}

function wrong(problems: readonly EditProblem[]): Problem {
  const errors = problems.map(({ field, message }) => ({
    field: field === '' ? 'arguments' : `arguments.${field}`,
    message,
  }));
  return new Problem(422, 'Some fields are not valid.', { errors });
}

function changed({ status, digest }: ApprovalRecord): Problem {
  const detail = 'It is another call by now than the one you saw. Nothing was decided: read it again.';
  return new Problem(409, detail, { extra: { approval_status: status, digest } });
}

function tooLate(approval: ApprovalRecord): Problem {
  const { status, decided_by, decided_at } = toEnded(approval);
  const extra = { approval_status: status, decided_by, decided_at };
  const who = decided_by === null ? '' : ` by ${decided_by}`;
  const when = decided_at === null ? '' : ` at ${decided_at}`;
  const wasDecided = status === 'approved' || status === 'denied';
  return new Problem(wasDecided ? 409 : 410, `The request was ${status}${who}${when}.`, { extra });
}

function toEnded({ status, decidedBy, resolvedAt, digest, call }: ApprovalRecord): z.input<typeof ended> {
  const edited = call?.edited ?? false;
  return { status, decided_by: decidedBy, decided_at: timeOrNull(resolvedAt), digest, edited };
}

function toCall(made: ApprovalCall): z.input<typeof call> {
  const { externalAction: action, editable, tool, ...same } = made;
  return {
    ...same,
    tool,
    external_action: action && {
      id: action.id,
      version: action.version,
      action_name: action.name,
      display_name: action.displayName,
    },
    arguments: redactedArguments(tool, made.arguments),
    editable_arguments: redactedJson(editable),
  };
}

function toApproval(record: ApprovalRecord): z.input<typeof approval> {
  return {
    id: record.id,
    conversation_id: record.conversationId,
    agent_id: record.agentId,
    contact: record.contact,
    request_type: record.requestType,
    request_details: record.requestDetails,
    request_data: record.requestData,
    status: record.status,
    priority: record.priority,
    response: record.response,
    response_data: record.responseData,
    decided_by: record.decidedBy,
    digest: record.digest,
    call: record.call && toCall(record.call),
    created_at: record.createdAt.toISOString(),
    expires_at: record.expiresAt.toISOString(),
    resolved_at: timeOrNull(record.resolvedAt),
  };
}
