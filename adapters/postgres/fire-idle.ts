import type pg from 'pg';
import type { DueStep, Idle, IdleVerdict } from '../../activities/ports.ts';
import type { ConversationRef } from '../../contract/conversation.ts';
import { completeAgentSettings } from '../../domain/agent.ts';
import type { AgentSettings, StoredAgentSettings } from '../../domain/agent.ts';
import type { ChannelKind } from '../../domain/channel.ts';
import type { Owner } from '../../domain/conversation.ts';
import { stepsOf } from '../../domain/idle-rule.ts';
import type { IdleStep } from '../../domain/idle-rule.ts';
import { dueOf } from '../../domain/idle-schedule.ts';
import { windowEndsAt } from '../../domain/messaging-window.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { carryOut, skip } from './idle-effects.ts';
import { goesOnWhileAssigned, sequentialIdle, SEQUENTIAL_IDLE } from './idle-settings.ts';
import { holdQueues } from './presence.ts';

const LOCK: Statement = {
  name: 'idle-lock',
  text: 'select 1 from conversations where organisation_id = $1 and id = $2 for no key update',
};

/** Behind the lock, in a statement of its own: one that had to wait for it would see all else as it was before. */
const READ: Statement = {
  name: 'idle-read',
  text: `
    select c.id, c.owner, c.epoch, c.status, c.last_message_seq, c.channel, c.agent_id, a.settings,
      k.name as contact_name, ${SEQUENTIAL_IDLE} as sequences_on, ${goesOnWhileAssigned('$3')} as goes_on,
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
export interface SilentConversation {
  id: string;
  owner: Owner;
  epoch: number;
  status: 'open' | 'resolved';
  last_message_seq: number;
  channel: ChannelKind;
  agent_id: string;
  settings: StoredAgentSettings;
  contact_name: string | null;
  sequences_on: boolean;
  goes_on: boolean;
  last_customer_at: Date | null;
  /** Of this step's firing; null while it has not fired. */
  outcome: 'planned' | 'fired' | 'skipped' | 'failed' | null;
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
    tenancy.rows<SilentConversation>(READ, [...key, due.seenSeq, due.step]),
  ]);
  if (found === undefined) return { kind: 'left' };
  const { outcome, verdict } = found;
  if (outcome !== null && outcome !== 'failed') return verdict as IdleVerdict;
  const settings = completeAgentSettings(found.settings);
  const isOurs = found.owner === 'agent' || found.goes_on;
  if (found.status === 'resolved' || !isOurs) return { kind: 'left' };
  if (found.last_message_seq > due.seenSeq) return { kind: 'reset' };

  const steps = stepsOf(settings.idleRule, { sequential: sequentialIdle(settings, found.sequences_on) });
  const step = steps[due.step];
  if (step === undefined) return { kind: 'off' };
  const time = timeOf(step, due, found, settings, now);
  const at = later(time.at, triedAgainAt(found));
  if (at > now) return { kind: 'not_yet', at };

  const last = step.action === 'resolve' || due.step === steps.length - 1;
  const firing = { tenancy, conversation: found, due, step, last, attempt: (found.attempt ?? 0) + 1, now };
  if (time.kind === 'skip') return skip(firing, time.reason);
  if (step.action === 'assign' && !queuesHeld) return 'hold_queues';
  return carryOut(firing);
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
  { businessHours }: AgentSettings,
  now: Date,
) {
  return dueOf(step, {
    since,
    now,
    hours: businessHours,
    windowEndsAt: windowEndsAt(channel, last_customer_at),
  });
}
