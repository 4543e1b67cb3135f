import type { DueStep, IdleVerdict, Leaving } from '../../activities/ports.ts';
import { idleCause } from '../../contract/ids.ts';
import type { AssignTo } from '../../domain/assignment.ts';
import { idleMessage } from '../../domain/idle-rule.ts';
import type { IdleStep } from '../../domain/idle-rule.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { findOperator } from './assign-room.ts';
import { writeAudit } from './audit.ts';
import { close, giveAway } from './change-hands.ts';
import { recordEvent } from './events.ts';
import type { SilentConversation } from './fire-idle.ts';
import { dayOf, SHARDS } from './proactive-use.ts';
import { storable } from './storable.ts';

/**
 * Only a firing that failed may stand there already, and only under an attempt of its own. A nudge counts against the
 * organisation's limit.
 */
const WRITE: Statement = {
  name: 'idle-write',
  text: `
    with firing as (
      insert into idle_firings (organisation_id, conversation_id, seen_seq, step, action, outcome, reason, attempt,
        epoch, verdict, at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
      on conflict (organisation_id, conversation_id, seen_seq, step) do update
        set action = excluded.action, outcome = excluded.outcome, reason = excluded.reason,
            attempt = excluded.attempt, epoch = excluded.epoch, verdict = excluded.verdict, at = excluded.at
    ),
    counted as (
      insert into proactive_counts as n (organisation_id, day, shard, planned)
      select $1, ${dayOf('$11')}, abs(hashtext($2::uuid::text) % ${SHARDS}), 1 where $13::text = 'nudge'
      on conflict (organisation_id, day, shard) do update set planned = n.planned + 1
    )
    insert into outbound (organisation_id, channel_integration_id, conversation_id, cause, kind, text, epoch,
      answers_seq, in_reply_to, state, planned_at, updated_at)
    select $1, c.channel_integration_id, $2, $12, $13, $14, $15, $3, '{}', 'planned', $11, $11
    from conversations c where c.organisation_id = $1 and c.id = $2 and $14::text is not null`,
};

/** A step whose time has come, in the transaction that holds its conversation. */
export interface Firing {
  tenancy: Tenancy;
  conversation: SilentConversation;
  due: DueStep;
  step: IdleStep;
  last: boolean;
  /** Counts from 1. */
  attempt: number;
  now: Date;
}

export function carryOut(firing: Firing): Promise<IdleVerdict> {
  switch (firing.step.action) {
    case 'follow_up':
      return nudge(firing);
    case 'assign':
      return assign(firing);
    case 'resolve':
      return resolve(firing);
  }
}

/** It will not fire: that is written down, and counts the same (IDLE-10). */
export async function skip(firing: Firing, reason: string): Promise<IdleVerdict> {
  const verdict = { kind: 'skipped' as const, reason, last: firing.last };
  await write(firing, { outcome: 'skipped', reason, verdict });
  await tell(firing, 'ai_agent_idle_step_skipped', { ...placeOf(firing), reason });
  return verdict;
}

/** Its event follows when the customer has it, or never will. */
async function nudge(firing: Firing): Promise<IdleVerdict> {
  const text = textOf(firing);
  if (text === null) return skip(firing, 'empty_message');
  const cause = causeOf(firing);
  const verdict = { kind: 'planned' as const, cause, last: firing.last };
  const message = { kind: 'nudge' as const, cause, text, epoch: firing.conversation.epoch };
  await write(firing, { outcome: 'planned', verdict, message }, firing.tenancy.lastRows);
  return verdict;
}

async function assign(firing: Firing): Promise<IdleVerdict> {
  const { tenancy, conversation, step, now } = firing;
  const found = await findOperator(tenancy, conversation.id, targetOf(step), now);
  if ('refused' in found) return fail(firing, found.refused);
  const { operatorId, divisionId } = found;
  const epoch = await giveAway(tenancy, conversation.id, found, now);
  const queued = operatorId === null;
  const detail = { operator: operatorId, division: divisionId, queued, epoch };
  await audit(firing, 'conversation.assigned', detail);
  const hands = { epoch, owner: 'operator' as const, resolved: false, assignee: operatorId };
  return leave(firing, hands, { ownEpoch: epoch });
}

async function resolve(firing: Firing): Promise<IdleVerdict> {
  const { tenancy, conversation, due, now } = firing;
  const epoch = await close(tenancy, conversation.id, now);
  await audit(firing, 'conversation.resolve', { epoch });
  const hands = { epoch, owner: 'agent' as const, resolved: true, assignee: null };
  const verdict = await leave(firing, hands, { ownEpoch: null });
  await tell(firing, 'ai_agent_idle_sequence_resolved', { resolved_at_step_index: due.step });
  return verdict;
}

async function leave(
  firing: Firing,
  hands: Omit<Leaving, 'closingCause'>,
  { ownEpoch }: { ownEpoch: number | null },
): Promise<IdleVerdict> {
  const { last } = firing;
  const text = textOf(firing);
  const closingCause = text === null ? null : causeOf(firing);
  const verdict = { kind: 'done' as const, leaves: { ...hands, closingCause }, last };
  const closing = text === null ? {} : { message: { kind: 'closing' as const, text, epoch: hands.epoch } };
  await write(firing, { outcome: 'fired', verdict, ownEpoch, ...closing });
  await tell(firing, 'ai_agent_idle_step_fired', { ...placeOf(firing), is_last_step: last });
  return verdict;
}

/** A step whose target is gone would else fail, and be told, as often as its window is short. */
const SHORTEST_RETRY_MS = 60_000;

/** Nothing happened; the step's next window tries it again, a minute later at the earliest (IDLE-6). */
async function fail(firing: Firing, reason: string): Promise<IdleVerdict> {
  const verdict = {
    kind: 'not_yet' as const,
    at: new Date(firing.now.getTime() + Math.max(firing.step.duration * 1000, SHORTEST_RETRY_MS)),
  };
  await write(firing, { outcome: 'failed', reason, verdict });
  await tell(firing, 'ai_agent_idle_step_failed', { ...placeOf(firing), reason });
  return verdict;
}

interface Written {
  outcome: 'planned' | 'fired' | 'skipped' | 'failed';
  reason?: string;
  verdict: IdleVerdict;
  ownEpoch?: number | null;
  message?: { kind: 'nudge' | 'closing'; text: string; epoch: number };
}

async function write(
  firing: Firing,
  { outcome, reason, verdict, ownEpoch, message }: Written,
  rows: Tenancy['rows'] = firing.tenancy.rows,
): Promise<void> {
  const { tenancy, conversation, due, step, attempt, now } = firing;
  await rows(WRITE, [
    tenancy.organisationId,
    conversation.id,
    due.seenSeq,
    due.step,
    step.action,
    outcome,
    reason ?? null,
    attempt,
    ownEpoch ?? null,
    JSON.stringify(verdict),
    now,
    causeOf(firing),
    message?.kind ?? null,
    message?.text ?? null,
    message?.epoch ?? null,
  ]);
}

async function tell(
  { tenancy, conversation, now }: Firing,
  name: string,
  properties: Record<string, unknown>,
): Promise<void> {
  const { id, agent_id } = conversation;
  await recordEvent(tenancy, id, name, { ai_agent_id: agent_id, room_id: id, ...properties }, now);
}

async function audit(
  { tenancy, conversation, due, now }: Firing,
  action: string,
  detail: Record<string, unknown>,
): Promise<void> {
  const actor = `agent:${conversation.agent_id}`;
  const entry = {
    actor,
    action,
    subject: conversation.id,
    detail: { ...detail, idle_step: due.step },
    source: null,
  };
  await writeAudit(tenancy, entry, now);
}

function placeOf({ due, step }: Firing) {
  return { step_index: due.step, action: step.action };
}

function causeOf({ due, attempt }: Firing): string {
  return idleCause(due.seenSeq, due.step, attempt);
}

/** Null where nothing is left to say. */
function textOf({ step, conversation }: Firing): string | null {
  const text = storable(idleMessage(step.message ?? '', conversation.contact_name)).trim();
  return text === '' ? null : text;
}

function targetOf({ assign }: IdleStep): AssignTo {
  if (assign === null || assign.type === 'auto') return { type: 'auto' };
  return assign.type === 'division'
    ? { type: 'division', divisionId: assign.id }
    : { type: 'agent', operatorId: assign.id };
}
