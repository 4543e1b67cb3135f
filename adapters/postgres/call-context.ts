import type pg from 'pg';
import type { CallContext, Calls } from '../../activities/ports.ts';
import { ParleyFailure } from '../../contract/failures.ts';
import type { ChannelKind } from '../../domain/channel.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';

/** What a statement over `conversations c` and its contact `p` selects for a context. */
export const CONTEXT_COLUMNS = `
  c.id, c.epoch, c.channel, c.channel_integration_id, c.agent_id, p.id as contact_id, p.name as contact_name,
  p.phone as contact_phone`;

export interface ContextRow {
  id: string;
  epoch: number;
  channel: ChannelKind;
  channel_integration_id: string;
  agent_id: string;
  contact_id: string;
  contact_name: string | null;
  contact_phone: string | null;
}

const READ: Statement = {
  name: 'call-context',
  text: `
    select ${CONTEXT_COLUMNS}, c.turn
    from conversations c join contacts p on p.organisation_id = $1 and p.id = c.contact_id
    where c.organisation_id = $1 and c.id = $2`,
};

/** At most so many of a kind: what is older than these is nothing a customer speaks of without naming it. */
const MOST_OWN_RECORDS = 20;

const OWN_RECORDS: Statement = {
  name: 'call-own-records',
  text: `
    select record_kind, record_id from (
      select record_kind, record_id,
        row_number() over (partition by record_kind order by max(ended_at) desc, max(number) desc) as place
      from calls
      where organisation_id = $1 and conversation_id = $2 and state = 'succeeded' and record_id is not null
      group by record_kind, record_id) made
    where place <= ${MOST_OWN_RECORDS}
    order by place`,
};

/** See `Calls.context`. @throws ParleyFailure CONVERSATION_UNKNOWN where it was erased. */
export function makeContext(pool: pg.Pool): Calls['context'] {
  return (ref) =>
    asOrganisation(pool, ref.organisationId, async (tenancy) => {
      const key = [ref.organisationId, ref.conversationId];
      const [row] = await tenancy.rows<ContextRow & { turn: number }>(READ, key);
      if (row === undefined) throw new ParleyFailure('CONVERSATION_UNKNOWN');
      return contextOf(tenancy, row, row.turn);
    });
}

export async function contextOf(
  tenancy: Tenancy,
  row: ContextRow,
  turn: number | null,
): Promise<CallContext> {
  const key = [tenancy.organisationId, row.id];
  const made = await tenancy.rows<{ record_kind: 'deal' | 'ticket'; record_id: string }>(OWN_RECORDS, key);
  const idsOf = (kind: 'deal' | 'ticket') =>
    made.filter((record) => record.record_kind === kind).map((record) => record.record_id);
  return {
    conversationId: row.id,
    channel: row.channel,
    channelIntegrationId: row.channel_integration_id,
    agentId: row.agent_id,
    contact: { id: row.contact_id, name: row.contact_name, phone: row.contact_phone },
    turn,
    epoch: row.epoch,
    ownRecords: { deals: idsOf('deal'), tickets: idsOf('ticket') },
  };
}

/** A builder's test, or the replay of one: nobody is on the other side. */
export function contextWithoutConversation(channel: ChannelKind, channelIntegrationId: string): CallContext {
  return {
    conversationId: null,
    channel,
    channelIntegrationId,
    agentId: null,
    contact: { id: null, name: null, phone: null },
    turn: null,
    epoch: 0,
    ownRecords: { deals: [], tickets: [] },
  };
}
