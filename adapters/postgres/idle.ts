import type pg from 'pg';
import type { Idle } from '../../activities/ports.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';
import { makeConclude } from './conclude-idle.ts';
import { makeFire } from './fire-idle.ts';
import { makeBehindReply } from './idle-behind-reply.ts';

/** Only the first to say how it ended stores the event of it. */
const NOTE_NUDGE: Statement = {
  name: 'idle-note-nudge',
  text: `
    with ended as (
      update idle_firings set outcome = $5, reason = $6
      where organisation_id = $1 and conversation_id = $2 and seen_seq = $3 and step = $4 and outcome = 'planned'
      returning action, verdict
    )
    insert into events (organisation_id, name, conversation_id, properties, at)
    select $1, 'ai_agent_idle_step_' || $5::text, $2,
      jsonb_build_object('ai_agent_id', c.agent_id, 'room_id', c.id, 'step_index', $4, 'action', e.action)
        || case $5::text
          when 'fired' then jsonb_build_object('is_last_step', e.verdict -> 'last')
          else jsonb_build_object('reason', $6::text) end,
      $7
    from ended e join conversations c on c.organisation_id = $1 and c.id = $2`,
};

/** Once for each sequence that was broken, however often it is noted. */
const NOTE_RESET: Statement = {
  name: 'idle-note-reset',
  text: `
    with broken as (
      update idle_firings f set reset_at = $4
      from conversations c
      where f.organisation_id = $1 and f.conversation_id = $2 and f.reset_at is null
        and c.organisation_id = $1 and c.id = $2 and f.seen_seq < c.last_message_seq
      returning c.agent_id
    )
    insert into events (organisation_id, name, conversation_id, properties, at)
    select $1, 'ai_agent_idle_sequence_reset', $2,
      jsonb_build_object('ai_agent_id', agent_id, 'room_id', $2::uuid, 'from_step_index', $3::integer), $4
    from broken limit 1`,
};

/** What the customer's silence leads to (IDLE-1 to IDLE-10). */
export function openIdle(pool: pg.Pool): Idle {
  return {
    fire: makeFire(pool),
    conclude: makeConclude(pool),
    behindReply: makeBehindReply(pool),

    noteNudge: (ref, { seenSeq, step }, outcome, now) =>
      asOrganisation(pool, ref.organisationId, async (tenancy) => {
        const [ended, reason] = outcome === 'fired' ? [outcome, null] : ['failed', outcome.failed];
        const values = [ref.organisationId, ref.conversationId, seenSeq, step, ended, reason, now];
        await tenancy.lastRows(NOTE_NUDGE, values);
      }),

    noteReset: (ref, fromStep, now) =>
      asOrganisation(pool, ref.organisationId, async (tenancy) => {
        await tenancy.lastRows(NOTE_RESET, [ref.organisationId, ref.conversationId, fromStep, now]);
      }),
  };
}
