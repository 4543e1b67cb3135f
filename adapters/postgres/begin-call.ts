import type pg from 'pg';
import type { CallContext, CallFence, CallOutcome, Calls } from '../../activities/ports.ts';
import type { ChannelKind } from '../../domain/channel.ts';
import { hasEnded } from '../../domain/call.ts';
import { asOrganisation, isUuid } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { storeCallEvents } from './call-events.ts';
import { contextOf, contextWithoutConversation } from './call-context.ts';
import { isOverLimit } from './call-limits.ts';
import { CALL_COLUMNS, callOf, lockConversationOf, refusalOf } from './call-rows.ts';
import type { CallRow, LockedConversation } from './call-rows.ts';
import { cancelRestOfTurn } from './cancel-rest-of-turn.ts';
import { endRow } from './end-call.ts';

const LOCK_CALL: Statement = {
  name: 'call-lock',
  text: `
    select ${CALL_COLUMNS}, x.is_active, x.deleted_at is not null as is_deleted,
      (v.definition ->> 'rateLimitPerMinute')::integer as rate_limit,
      x.channel_integration_id as action_integration_id, i.kind as action_channel
    from calls k
    left join external_actions x on x.organisation_id = $1 and x.id = k.external_action_id
    left join external_action_versions v on v.organisation_id = $1
      and v.external_action_id = k.external_action_id and v.version = k.external_action_version
    left join channel_integrations i on i.organisation_id = $1 and i.id = x.channel_integration_id
    where k.organisation_id = $1 and k.id = $2
    for no key update of k`,
};

const PASS: Statement = {
  name: 'call-pass',
  text: `
    update calls k
    set state = 'calling', attempts = k.attempts + 1, began_at = coalesce(k.began_at, $3), deadline_at = $4
    where k.organisation_id = $1 and k.id = $2
    returning ${CALL_COLUMNS}`,
};

interface FencedRow extends CallRow {
  is_active: boolean | null;
  is_deleted: boolean;
  rate_limit: number | null;
  action_integration_id: string | null;
  action_channel: ChannelKind | null;
}

type Options = Parameters<Calls['begin']>[1];

/** planned → calling, decided under the conversation's lock (DESIGN section 5); see `Calls.begin`. */
export function makeBegin(pool: pg.Pool): Calls['begin'] {
  return (ref, options) =>
    asOrganisation(pool, ref.organisationId, async (tenancy): Promise<CallFence> => {
      if (!isUuid(ref.callId)) return { kind: 'absent' };
      const conversation = await lockConversationOf(tenancy, ref.callId);
      const [row] = await tenancy.rows<FencedRow>(LOCK_CALL, [ref.organisationId, ref.callId]);
      if (row === undefined) return { kind: 'absent' };
      if (hasEnded(row.state)) return ended(row);
      const { now } = options;
      // A replay is a builder's decision, about a conversation that may long be over.
      const isFenced = conversation !== undefined && row.origin === 'conversation';
      const refusal = isFenced ? refusalOf(conversation, row) : null;
      switch (row.state) {
        case 'planned': {
          if (refusal !== null) return overtake(tenancy, row, refusal, now);
          if (options.regroup && (conversation?.last_message_seq ?? 0) > options.answersSeq)
            return { kind: 'refused', reason: 'newer_message' };
          const stop = await obstacle(tenancy, row, now);
          if (stop !== null) return endAs(tenancy, row, { state: 'refused', reason: stop }, now);
          return pass(tenancy, row, conversation, options);
        }
        case 'calling': {
          const waitMs = row.deadline_at === null ? 0 : row.deadline_at.getTime() - now.getTime();
          if (waitMs > 0) return { kind: 'too_early', afterMs: waitMs };
          if (refusal !== null && !isInDoubt(row)) return overtake(tenancy, row, refusal, now);
          // It may have had its effect: what may not be repeated, by its own nature or because a person has come
          // between, stays unknown.
          if (refusal !== null || row.reliability === 'none') {
            const reason = refusal === null ? 'outcome_unknown' : 'overtaken';
            return endAs(tenancy, row, { state: 'unknown', reason }, now);
          }
          return pass(tenancy, row, conversation, options);
        }
        default:
          // It waits for the customer, or for an operator: nobody may make it yet.
          return { kind: 'absent' };
      }
    });
}

const BY_A_PERSON: readonly string[] = ['epoch', 'owner', 'resolved'];

/** What the fence refused once it refuses in the same words again. */
function ended(row: CallRow): CallFence {
  if (row.state === 'cancelled' && row.reason !== null && BY_A_PERSON.includes(row.reason))
    return { kind: 'refused', reason: row.reason as 'epoch' | 'owner' | 'resolved' };
  return { kind: 'ended', call: callOf(row) };
}

/** A person came between: nobody's failure, so it is cancelled and not refused. */
async function overtake(
  tenancy: Tenancy,
  row: CallRow,
  reason: 'epoch' | 'owner' | 'resolved',
  now: Date,
): Promise<CallFence> {
  await cancelRestOfTurn(tenancy, row, reason, now);
  return { kind: 'refused', reason };
}

/**
 * What stands in the way of a first attempt: a switch or a limit. A builder may test what is switched off, and
 * repeat what was made while it was on.
 */
async function obstacle(tenancy: Tenancy, row: FencedRow, now: Date): Promise<string | null> {
  if (row.external_action_id !== null) {
    if (row.is_deleted) return 'deleted';
    if (row.origin === 'conversation' && row.is_active !== true) return 'switched_off';
  }
  return (await isOverLimit(tenancy, row, now)) ? 'rate_limited' : null;
}

async function endAs(
  tenancy: Tenancy,
  row: CallRow,
  how: Pick<CallOutcome, 'reason'> & { state: 'refused' | 'unknown' },
  now: Date,
): Promise<CallFence> {
  const error =
    how.state === 'unknown'
      ? 'It is not known whether this was done. A colleague will check; do not try it again.'
      : 'This action is not available now. Nothing was done.';
  const outcome = { ...how, result: { ok: false, error } };
  const call = await endRow(tenancy, row.id, outcome, null, now);
  return { kind: 'ended', call: callOf(call ?? row) };
}

async function pass(
  tenancy: Tenancy,
  row: FencedRow,
  conversation: LockedConversation | undefined,
  { now, holdMs }: Options,
): Promise<CallFence> {
  const deadline = new Date(now.getTime() + holdMs);
  const [passed] = await tenancy.rows<CallRow>(PASS, [tenancy.organisationId, row.id, now, deadline]);
  if (passed === undefined) throw new Error('a locked call is gone');
  if (row.state === 'planned') await storeCallEvents(tenancy, [row.id], 'invoked', now);
  const context =
    conversation === undefined ? ownContext(row) : await contextOf(tenancy, conversation, row.turn);
  const { attempts: attempt } = passed;
  return { kind: 'ready', call: callOf(passed), attempt, repeat: isInDoubt(row), deadline, context };
}

/** An attempt died, or did not say that nothing came of it: `noteAttempt` takes the deadline away where it did. */
function isInDoubt({ state, deadline_at }: CallRow): boolean {
  return state === 'calling' && deadline_at !== null;
}

function ownContext({ action_channel: channel, action_integration_id: integration }: FencedRow): CallContext {
  if (channel === null || integration === null)
    throw new Error('a call without a conversation names no external action');
  return contextWithoutConversation(channel, integration);
}
