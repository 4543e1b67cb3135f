import type { Call, CallRef } from '../../activities/ports.ts';
import type { CallOrigin, CallState, Reliability } from '../../domain/call.ts';
import { hasEnded } from '../../domain/call.ts';
import type { Owner } from '../../domain/conversation.ts';
import type { Json } from '../../domain/external-action.ts';
import { isUuid } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { CONTEXT_COLUMNS } from './call-context.ts';
import type { ContextRow } from './call-context.ts';

/**
 * What a statement over `calls k` selects or returns for `callOf`. A replay is as old as what it repeats: under the
 * same key the same has to leave, its time included.
 */
export const CALL_COLUMNS = `
  k.id, k.organisation_id, k.conversation_id, k.origin, k.turn, k.round, k.step, k.tool, k.external_action_id,
  k.external_action_version, k.proposal, k.arguments, k.digest, k.reliability, k.state, k.reason, k.result,
  k.confidence, k.message, k.missing, k.idempotency_key, k.epoch, k.answers_seq, k.attempts, k.needs_approval,
  k.asked_at,
  case when k.replay_of is null then k.planned_at else (select o.planned_at from calls o
    where o.organisation_id = k.organisation_id and o.id = k.replay_of) end as planned_at,
  k.began_at, k.deadline_at, k.ended_at, k.status_code, k.response`;

/**
 * Of round $4 of turn $3. A turn whose history was lost counts its rounds from 0 again: what an earlier run of it
 * had begun in a later round belongs to it, with what that round decided besides.
 */
export const OF_ROUND = `(k.round = $4 or k.round > $4 and exists (
  select from calls b
  where b.organisation_id = k.organisation_id and b.conversation_id = k.conversation_id and b.turn = $3
    and b.round = k.round and (b.attempts > 0 or b.asked_at is not null)))`;

export interface CallRow {
  id: string;
  organisation_id: string;
  conversation_id: string | null;
  origin: CallOrigin;
  turn: number | null;
  round: number;
  step: number;
  tool: string;
  external_action_id: string | null;
  external_action_version: number | null;
  proposal: Call['proposal'];
  arguments: Json;
  digest: string;
  reliability: Reliability;
  state: CallState;
  reason: string | null;
  result: Json | null;
  confidence: number | null;
  message: string;
  missing: string[];
  idempotency_key: string;
  epoch: number | null;
  answers_seq: number | null;
  attempts: number;
  needs_approval: boolean;
  asked_at: Date | null;
  planned_at: Date;
  began_at: Date | null;
  deadline_at: Date | null;
  ended_at: Date | null;
  status_code: number | null;
  response: Json | null;
}

export function callOf(row: CallRow): Call {
  const { external_action_id: actionId, external_action_version: version, began_at, ended_at } = row;
  return {
    id: row.id,
    organisationId: row.organisation_id,
    conversationId: row.conversation_id,
    origin: row.origin,
    turn: row.turn,
    round: row.round,
    step: row.step,
    tool: row.tool,
    externalAction: actionId === null || version === null ? null : { id: actionId, version },
    proposal: row.proposal,
    arguments: row.arguments,
    digest: row.digest,
    reliability: row.reliability,
    state: row.state,
    reason: row.reason,
    result: row.result,
    confidence: row.confidence,
    message: row.message,
    missing: row.missing,
    idempotencyKey: row.idempotency_key,
    attempts: row.attempts,
    plannedAt: row.planned_at,
    ...(row.asked_at === null ? {} : { askedAt: row.asked_at }),
    durationMs:
      hasEnded(row.state) && began_at !== null && ended_at !== null
        ? ended_at.getTime() - began_at.getTime()
        : null,
    statusCode: row.status_code,
    response: row.response,
  };
}

/** An operator said yes: it is to be made, whoever has the conversation by now. */
function isApproved({ state, asked_at }: CallRow): boolean {
  return asked_at !== null && (state === 'planned' || state === 'calling');
}

const READ: Statement = {
  name: 'call-read',
  text: `select ${CALL_COLUMNS} from calls k where k.organisation_id = $1 and k.id = $2`,
};

export async function readCall(tenancy: Tenancy, { callId }: CallRef): Promise<CallRow | undefined> {
  if (!isUuid(callId)) return undefined;
  const [row] = await tenancy.rows<CallRow>(READ, [tenancy.organisationId, callId]);
  return row;
}

/** Taken before the call's own row, here and everywhere: two orders would wait for each other in a circle. */
const LOCK_CONVERSATION: Statement = {
  name: 'call-lock-conversation',
  text: `
    select ${CONTEXT_COLUMNS}, c.owner, c.status, c.last_message_seq, c.tags
    from calls k
    join conversations c on c.organisation_id = $1 and c.id = k.conversation_id
    join contacts p on p.organisation_id = $1 and p.id = c.contact_id
    where k.organisation_id = $1 and k.id = $2
    for no key update of c`,
};

export interface LockedConversation extends ContextRow {
  owner: Owner;
  status: 'open' | 'resolved';
  last_message_seq: number;
  tags: string[];
}

/** The conversation a call is about, locked as the fence of the sends locks it. Undefined for a builder's test. */
export async function lockConversationOf(
  tenancy: Tenancy,
  callId: string,
): Promise<LockedConversation | undefined> {
  const [row] = await tenancy.rows<LockedConversation>(LOCK_CONVERSATION, [tenancy.organisationId, callId]);
  return row;
}

/**
 * Why a call may no longer be made, or null. An approval is a person's decision: it holds also while a person has the
 * conversation, and what has begun by then also when the conversation is over (APR-5).
 */
export function refusalOf(
  conversation: Pick<LockedConversation, 'owner' | 'epoch' | 'status'>,
  call: CallRow,
): 'resolved' | 'owner' | 'epoch' | null {
  if (!isApproved(call)) return overtaken(conversation, call.epoch);
  return call.state === 'planned' && conversation.status === 'resolved' ? 'resolved' : null;
}

/** Why the agent may no longer do what it decided in `epoch`, or null. */
export function overtaken(
  conversation: Pick<LockedConversation, 'owner' | 'epoch' | 'status'>,
  epoch: number | null,
): 'resolved' | 'owner' | 'epoch' | null {
  if (conversation.status === 'resolved') return 'resolved';
  if (conversation.owner !== 'agent') return 'owner';
  return conversation.epoch === epoch ? null : 'epoch';
}
