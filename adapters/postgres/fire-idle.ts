import type pg from 'pg';
import type { DueStep, Idle, IdleVerdict } from '../../activities/ports.ts';
import type { ConversationRef } from '../../contract/conversation.ts';
import { completeAgentSettings } from '../../domain/agent.ts';
import type { StoredAgentSettings } from '../../domain/agent.ts';
import type { BusinessHours } from '../../domain/business-hours.ts';
import type { ChannelKind } from '../../domain/channel.ts';
import type { Owner } from '../../domain/conversation.ts';
import type { IdleStep } from '../../domain/idle-rule.ts';
import { idleHours } from '../../domain/idle-sequence.ts';
import { dueOf } from '../../domain/idle-schedule.ts';
import { windowEndsAt } from '../../domain/messaging-window.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { carryOut, skip } from './idle-effects.ts';
import { goesOnWhileAssigned, idleStepsOf, IDLE_SOURCE } from './idle-settings.ts';
import type { IdleSourceRow } from './idle-settings.ts';
import { holdNudge } from './hold-nudge.ts';
import { holdQueues } from './presence.ts';
import { proactiveUse } from './proactive-use.ts';
import type { ProactiveUseRow } from './proactive-use.ts';

const LOOK_AGAIN_MS = 60_000;

const LOCK: Statement = {
  name: 'idle-lock',
  text: 'select 1 from conversations where organisation_id = $1 and id = $2 for no key update',
};

/** Requests of this conversation that nobody has decided, and decisions that are on their way to it (IDLE-9). */
const WAITS_FOR_OPERATORS = `
  (select max(x.expires_at) from actions x
   where x.organisation_id = $1 and x.conversation_id = c.id and x.status = 'pending') as decision_by,
  exists (
    select from inbox i
    where i.organisation_id = $1 and i.conversation_id = c.id and i.settled_at is null
      and i.kind = 'approval_outcome') as decided`;

/** Behind the lock, in a statement of its own: one that had to wait for it would see all else as it was before. */
const READ: Statement = {
  name: 'idle-read',
  text: `
    select c.id, c.owner, c.epoch, c.status, c.last_message_seq, c.channel, c.agent_id, a.settings,
      k.name as contact_name, ${IDLE_SOURCE}, ${goesOnWhileAssigned('$3')} as goes_on,
      ${WAITS_FOR_OPERATORS}, ${proactiveUse('$5')},
      case c.channel when 'whatsapp' then (
        select max(i.at) from inbox i
        where i.organisation_id = $1 and i.conversation_id = $2 and i.kind = 'message') end as last_customer_at,
      f.outcome, f.attempt, f.verdict
    from conversations c
    join agents a on a.organisation_id = $1 and a.id = c.agent_id
    join contacts k on k.organisation_id = $1 and k.id = c.contact_id
    left join idle_firings f
      on f.organisation_id = $1 and f.conversation_id = $2 and f.seen_seq = $3 and f.step = $4
    where c.organisation_id = $1 and c.id = $2`,
};

/** A conversation as a step finds it, locked. */
export interface SilentConversation extends IdleSourceRow, ProactiveUseRow {
  id: string;
  owner: Owner;
  epoch: number;
  status: 'open' | 'resolved';
  last_message_seq: number;
  channel: ChannelKind;
  agent_id: string;
  settings: StoredAgentSettings;
  contact_name: string | null;
  goes_on: boolean;
  /** When the last decision that operators owe is due. */
  decision_by: Date | null;
  /** Of a decision that the customer has not heard. */
  decided: boolean;
  last_customer_at: Date | null;
  /** Of this step's firing; null while it has not fired. */
  outcome: 'planned' | 'fired' | 'skipped' | 'failed' | 'refused' | null;
  attempt: number | null;
  verdict: StoredVerdict | null;
}

/** A verdict as JSON has it. */
export type StoredVerdict = Exclude<IdleVerdict, { kind: 'not_yet' }> | { kind: 'not_yet'; at: string };

/** Judges and fires a step (IDLE-4 to IDLE-10); see `Idle.fire`. */
export function makeFire(pool: pg.Pool): Idle['fire'] {
  const fire = (
    ref: ConversationRef,
    due: DueStep,
    now: Date,
    queuesHeld: boolean,
  ): Promise<IdleVerdict | 'hold_queues'> =>
    asOrganisation(pool, ref.organisationId, async (tenancy) => {
      if (queuesHeld) await holdQueues(tenancy);
      return judge(tenancy, ref, due, { now, queuesHeld });
    });
  return async (ref, due, now) => {
    // Only an assignment needs the queues, and every other step of the organisation would wait for them.
    for (const queuesHeld of [false, true]) {
      const verdict = await fire(ref, due, now, queuesHeld);
      if (verdict !== 'hold_queues') return verdict;
    }
    throw new Error('the queues were held');
  };
}

async function judge(
  tenancy: Tenancy,
  ref: ConversationRef,
  due: DueStep,
  { now, queuesHeld }: { now: Date; queuesHeld: boolean },
): Promise<IdleVerdict | 'hold_queues'> {
  const key = [ref.organisationId, ref.conversationId];
  // They travel together, one after the other.
  const [, [found]] = await Promise.all([
    tenancy.rows(LOCK, key),
    tenancy.rows<SilentConversation>(READ, [...key, due.seenSeq, due.step, now]),
  ]);
  if (found === undefined) return { kind: 'left' };
  const { outcome, verdict } = found;
  if (outcome !== null && outcome !== 'failed') return verdict as IdleVerdict;
  const settings = completeAgentSettings(found.settings);
  const isOurs = found.owner === 'agent' || found.goes_on;
  if (found.status === 'resolved' || !isOurs) return { kind: 'left' };
  if (found.last_message_seq > due.seenSeq) return { kind: 'reset' };

  const waits = waitsForOperators(found, now);
  if (waits !== null) return { kind: 'not_yet', at: waits };

  const steps = idleStepsOf(settings, found);
  const step = steps[due.step];
  if (step === undefined) return { kind: 'off' };
  const time = timeOf(step, due, found, idleHours(settings, found.idle_source.answeredBy), now);
  const at = later(time.at, triedAgainAt(found));
  if (at > now) return { kind: 'not_yet', at };

  const held = step.action === 'follow_up' ? await holdNudge(tenancy, found, at, now) : null;
  if (held !== null) return held;

  const last = step.action === 'resolve' || due.step === steps.length - 1;
  const firing = { tenancy, conversation: found, due, step, last, attempt: (found.attempt ?? 0) + 1, now };
  if (time.kind === 'skip') return skip(firing, time.reason);
  if (step.action === 'assign' && !queuesHeld) return 'hold_queues';
  return carryOut(firing);
}

/** The workflow counts anew when the customer has heard the decision; this is for what it does not know of yet. */
function waitsForOperators({ decision_by, decided }: SilentConversation, now: Date): Date | null {
  if (decision_by !== null) return new Date(Math.max(decision_by.getTime(), now.getTime()) + LOOK_AGAIN_MS);
  return decided ? new Date(now.getTime() + LOOK_AGAIN_MS) : null;
}

/** A step that failed is tried again, where it named a time not before that (IDLE-6). */
function triedAgainAt({ verdict }: SilentConversation): Date | null {
  return verdict?.kind === 'not_yet' ? new Date(verdict.at) : null;
}

function later(one: Date, other: Date | null): Date {
  return other !== null && other > one ? other : one;
}

function timeOf(
  step: IdleStep,
  { since }: DueStep,
  { channel, last_customer_at }: SilentConversation,
  hours: BusinessHours | null,
  now: Date,
) {
  return dueOf(step, {
    since,
    now,
    hours,
    windowEndsAt: windowEndsAt(channel, last_customer_at),
  });
}
