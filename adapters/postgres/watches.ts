import type pg from 'pg';
import type { DueStage, WatchVerdict, Watches } from '../../activities/ports.ts';
import type { ConversationRef } from '../../contract/conversation.ts';
import { completeAgentSettings } from '../../domain/agent.ts';
import type { AgentSettings, StoredAgentSettings } from '../../domain/agent.ts';
import { afterOpenTime } from '../../domain/business-hours.ts';
import type { AnsweredBy } from '../../domain/idle-sequence.ts';
import type { Owner } from '../../domain/conversation.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { holdQueues } from './presence.ts';
import { WAITS_SINCE } from './waiting-customer.ts';
import { carryOutStage, REROUTES } from './watch-stages.ts';

const LOCK: Statement = {
  name: 'watch-lock',
  text: 'select 1 from conversations where organisation_id = $1 and id = $2 for no key update',
};

/** Behind the lock, in a statement of its own: one that had to wait for it would see all else as it was before. */
const READ: Statement = {
  name: 'watch-read',
  text: `
    select c.id, c.owner, c.epoch, c.status, c.escalated_epoch, c.operator_id, c.division_id,
      c.queued_at is not null as queued, (
        select v.answered_by from channel_integrations v
        where v.organisation_id = $1 and v.id = c.channel_integration_id) as answered_by, c.agent_id, c.last_message_seq, a.settings, k.name as contact_name,
      ${WAITS_SINCE} as waits_since, w.verdict,
      exists (
        select from outbound t
        where t.organisation_id = $1 and t.conversation_id = $2 and t.kind = 'operator' and t.state <> 'refused'
          and t.epoch = c.epoch) as attended,
      (select max(p.own_epoch) from human_watches p
       where p.organisation_id = $1 and p.conversation_id = $2 and p.epoch = $3 and p.seq = $4) as own_epoch
    from conversations c
    join agents a on a.organisation_id = $1 and a.id = c.agent_id
    join contacts k on k.organisation_id = $1 and k.id = c.contact_id
    left join human_watches w
      on w.organisation_id = $1 and w.conversation_id = $2 and w.epoch = $3 and w.seq = $4 and w.stage = $5
    where c.organisation_id = $1 and c.id = $2`,
};

/** A conversation as a stage finds it, locked. */
export interface WatchedConversation {
  id: string;
  owner: Owner;
  epoch: number;
  status: 'open' | 'resolved';
  escalated_epoch: number | null;
  operator_id: string | null;
  division_id: string | null;
  queued: boolean;
  answered_by: AnsweredBy;
  agent_id: string;
  last_message_seq: number;
  settings: StoredAgentSettings;
  contact_name: string | null;
  waits_since: Date | null;
  /** Who has it has answered before. */
  attended: boolean;
  /** Of this stage; null while it has not come. */
  verdict: Exclude<WatchVerdict, { kind: 'not_yet' }> | null;
  own_epoch: number | null;
}

/** The people whom a customer waits for (ESC-6). */
export function openWatches(pool: pg.Pool): Watches {
  return {
    async judge(ref, due, now) {
      // As in `makeFire`: only giving it to somebody else needs the queues.
      for (const queuesHeld of [false, true]) {
        const verdict = await asOrganisation(pool, ref.organisationId, async (tenancy) => {
          if (queuesHeld) await holdQueues(tenancy);
          return judge(tenancy, ref, due, { now, queuesHeld });
        });
        if (verdict !== 'hold_queues') return verdict;
      }
      throw new Error('the queues were held');
    },
  };
}

async function judge(
  tenancy: Tenancy,
  ref: ConversationRef,
  due: DueStage,
  { now, queuesHeld }: { now: Date; queuesHeld: boolean },
): Promise<WatchVerdict | 'hold_queues'> {
  const key = [ref.organisationId, ref.conversationId];
  // They travel together, one after the other.
  const [, [found]] = await Promise.all([
    tenancy.rows(LOCK, key),
    tenancy.rows<WatchedConversation>(READ, [...key, due.epoch, due.seq, due.stage]),
  ]);
  if (found === undefined) return { kind: 'over' };
  if (found.verdict !== null) return found.verdict;
  const { epoch, waits_since: waits } = found;
  const isSame = epoch === due.epoch || epoch === found.own_epoch;
  if (!isSame || !isForPeople(found)) return { kind: 'left' };
  // A thank-you needs no answer: it takes the conversation from nobody.
  if (waits === null || (found.attended && due.stage >= REROUTES)) return { kind: 'over' };
  // Where people answer alone they are reminded once more in place of the offer, and that is all.
  if (found.answered_by === 'people' && due.stage > REROUTES + 1) return { kind: 'over' };
  const settings = completeAgentSettings(found.settings);
  const at = dueAt(settings, waits > due.since ? waits : due.since);
  if (at === null) return { kind: 'over' };
  if (at > now) return { kind: 'not_yet', at };
  if (due.stage === REROUTES && !queuesHeld) return 'hold_queues';
  return carryOutStage({ tenancy, conversation: found, settings, due, now, waits });
}

function isForPeople({ status, owner, epoch, escalated_epoch }: WatchedConversation): boolean {
  return status === 'open' && (owner === 'operator' || escalated_epoch === epoch);
}

/** People's time runs while they are there; null: they never are. */
function dueAt({ businessHours: hours, responseTimeSeconds }: AgentSettings, since: Date): Date | null {
  const ms = responseTimeSeconds * 1000;
  return hours === null ? new Date(since.getTime() + ms) : afterOpenTime(hours, since, ms);
}
