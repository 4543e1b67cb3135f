import type pg from 'pg';
import type { Idle } from '../../activities/ports.ts';
import { completeAgentSettings } from '../../domain/agent.ts';
import type { StoredAgentSettings } from '../../domain/agent.ts';
import type { ChannelKind } from '../../domain/channel.ts';
import { idleHours } from '../../domain/idle-sequence.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';
import { goesOnWhileAssigned, idleStepsOf, IDLE_SOURCE } from './idle-settings.ts';
import type { IdleSourceRow } from './idle-settings.ts';

const READ: Statement = {
  name: 'idle-behind-reply',
  text: `
    select a.settings, c.channel, c.last_message_at, ${IDLE_SOURCE}
    from conversations c join agents a on a.organisation_id = $1 and a.id = c.agent_id
    where c.organisation_id = $1 and c.id = $2 and c.status = 'open' and c.last_message_seq < $3
      and ${goesOnWhileAssigned('$3')}`,
};

interface Row extends IdleSourceRow {
  settings: StoredAgentSettings;
  channel: ChannelKind;
  last_message_at: Date | null;
}

/** See `Idle.behindReply`. */
export function makeBehindReply(pool: pg.Pool): Idle['behindReply'] {
  return (ref, seq) =>
    asOrganisation(pool, ref.organisationId, async (tenancy) => {
      const [row] = await tenancy.lastRows<Row>(READ, [ref.organisationId, ref.conversationId, seq]);
      if (row === undefined) return null;
      const settings = completeAgentSettings(row.settings);
      return {
        idleSteps: idleStepsOf(settings, row),
        hours: idleHours(settings, row.idle_source.answeredBy),
        lastCustomerAt: row.last_message_at,
        channel: row.channel,
      };
    });
}
