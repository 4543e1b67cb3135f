import type pg from 'pg';
import type { Idle } from '../../activities/ports.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';

const LOCK: Statement = {
  name: 'idle-conclude-lock',
  text: 'select 1 from conversations where organisation_id = $1 and id = $2 for no key update',
};

/** What leaves for a step has a cause of its own: see `idleCause` of contract/ids.ts. */
const OF_STEPS = `o.organisation_id = $1 and o.conversation_id = $2 and o.cause like 'idle:%'`;

/** By what became of the nudge: it passed its fence, and the step has fired; or it did not, and never will. */
const CONCLUDE: Statement = {
  name: 'idle-conclude',
  text: `
    with overtaken as (
      update outbound o set state = 'refused', updated_at = $3,
        failure_code = case when c.last_message_seq > o.answers_seq then 'newer_message' else 'epoch' end
      from conversations c
      where c.organisation_id = $1 and c.id = $2 and ${OF_STEPS} and o.state = 'planned'
      returning o.id
    ),
    ended as (
      update idle_firings f
      set outcome = case
            when o.state in ('planned', 'refused') then 'refused'
            when o.state = 'failed' then 'failed'
            else 'fired' end,
          reason = case when o.state = 'failed' then o.failure_code end
      from outbound o
      where f.organisation_id = $1 and f.conversation_id = $2 and f.outcome = 'planned'
        and ${OF_STEPS} and o.cause = f.verdict ->> 'cause'
      returning f.step, f.action, f.outcome, f.reason, f.verdict
    ),
    told as (
      insert into events (organisation_id, name, conversation_id, properties, at)
      select $1, 'ai_agent_idle_step_' || e.outcome, $2,
        jsonb_build_object('ai_agent_id', c.agent_id, 'room_id', c.id, 'step_index', e.step, 'action', e.action)
          || case e.outcome
            when 'fired' then jsonb_build_object('is_last_step', e.verdict -> 'last')
            else jsonb_build_object('reason', e.reason) end,
        $3
      from ended e join conversations c on c.organisation_id = $1 and c.id = $2
      where e.outcome in ('fired', 'failed')
    )
    select exists (select from ended where outcome = 'fired') as fired,
      array(select o.id from outbound o where ${OF_STEPS} and o.state = 'sending') as sending`,
};

/** Behind the lock: whoever holds it meanwhile may be the fence of a nudge. See `Idle.conclude`. */
export function makeConclude(pool: pg.Pool): Idle['conclude'] {
  return (ref, now) =>
    asOrganisation(pool, ref.organisationId, async (tenancy) => {
      const key = [ref.organisationId, ref.conversationId];
      await tenancy.rows(LOCK, key);
      const [found] = await tenancy.lastRows<{ fired: boolean; sending: string[] }>(CONCLUDE, [...key, now]);
      return found ?? { fired: false, sending: [] };
    });
}
