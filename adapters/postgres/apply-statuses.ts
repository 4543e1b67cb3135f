import type pg from 'pg';
import type { Inbox, OutgoingSignal, ReceivingIntegration, Settled } from '../../api/ports.ts';
import type { ChannelKind } from '../../domain/channel.ts';
import { movesDelivery } from '../../domain/delivery.ts';
import type { DeliveryState, DeliveryStatus } from '../../domain/delivery.ts';
import { asOrganisation, isUuid } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { enteredRow } from './entered-row.ts';
import type { InboxRow } from './entered-row.ts';
import { settleTurn } from './settle-turn.ts';

const FIND: Statement = {
  name: 'status-find',
  text: `
    select id, conversation_id, state, provider_message_id from outbound
    where organisation_id = $1 and channel_integration_id = $2
      and (id = any ($3::uuid[]) or provider_message_id = any ($4::text[]))`,
};

/** A conversation is locked before its messages, here as in the fence, so that neither waits for the other. */
const LOCK: Statement = {
  name: 'status-lock',
  text: `
    select id from conversations where organisation_id = $1 and id = any ($2::uuid[])
    order by id for no key update`,
};

/**
 * Forward only: a row that moved meanwhile is left alone and comes back unchanged in no row. A provider's id that
 * another message has already, or that two messages of one report bring, identifies nothing and is not noted.
 */
const MOVE: Statement = {
  name: 'status-move',
  text: `
    with report as (
      select * from unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[])
        as r (id, was, state, provider_message_id, code, at)
    ),
    moved as (
      update outbound o
      set state = r.state, updated_at = $2, failure_code = r.code,
          provider_message_id = case
            when o.provider_message_id is not null
              or (select count(*) from report same where same.provider_message_id = r.provider_message_id) > 1
              or exists (
                select from outbound other
                where other.organisation_id = $1 and other.channel_integration_id = o.channel_integration_id
                  and other.provider_message_id = r.provider_message_id)
            then o.provider_message_id else r.provider_message_id end,
          sent_at = case r.state when 'failed' then o.sent_at else coalesce(o.sent_at, r.at) end
      from report r
      where o.organisation_id = $1 and o.id = r.id and o.state = r.was
      returning o.id, o.organisation_id, o.conversation_id, o.turn, o.answers_seq, r.was, r.state, r.code
    ),
    ${settleTurn({ at: '$2', reason: `case m.state when 'failed' then 'answer_failed' else 'answered' end` })},
    told as (
      insert into events (organisation_id, name, conversation_id, properties, at)
      select organisation_id, 'message_failed', conversation_id,
        jsonb_build_object('message_id', id, 'reason', code), $2
      from moved where state = 'failed'
    )
    select id, conversation_id, was from moved`,
};

const ENTER: Statement = {
  name: 'status-enter',
  text: `
    with conversation as (
      update conversations set last_seq = last_seq + 1
      where organisation_id = $1 and id = $2
      returning id, last_seq, epoch, agent_id, channel_integration_id, channel
    ),
    entered as (
      insert into inbox (organisation_id, channel_integration_id, conversation_id, kind, seq, epoch, about,
        received_at, at)
      select $1, channel_integration_id, id, 'delivery_settled', last_seq, epoch, $3, $4, $4 from conversation
      returning id, kind, seq, epoch, received_at, about, operator_id
    )
    select e.*, c.agent_id, c.channel from entered e, conversation c`,
};

interface Reported {
  id: string;
  conversation_id: string;
  state: DeliveryState;
  provider_message_id: string | null;
}

interface Move {
  row: Reported;
  status: DeliveryStatus;
}

interface Moved {
  id: string;
  conversation_id: string;
  was: DeliveryState;
}

/** Reports beyond our messages are ignored: other programs may share the provider's account. */
export function makeApplyStatuses(pool: pg.Pool): Inbox['applyStatuses'] {
  return async (integration, statuses, now) => {
    if (statuses.length === 0) return [];
    return asOrganisation(pool, integration.organisationId, async (tenancy) => {
      const settled: Settled[] = [];
      // Again where something came between; each message can only move forward, so this ends.
      for (;;) {
        const moves = await findMoves(tenancy, integration, statuses);
        if (moves.length === 0) return settled;
        await lockConversations(tenancy, moves);
        for (const moved of await move(tenancy, moves, now))
          if (isOpenEnded(moved.was)) settled.push({ signal: await enter(tenancy, integration, moved, now) });
      }
    });
  };
}

/** The furthest each message gets by these reports. */
async function findMoves(
  tenancy: Tenancy,
  integration: ReceivingIntegration,
  statuses: readonly DeliveryStatus[],
): Promise<Move[]> {
  const rows = await tenancy.rows<Reported>(FIND, [
    tenancy.organisationId,
    integration.id,
    statuses.flatMap(({ outboundId }) => (outboundId !== null && isUuid(outboundId) ? [outboundId] : [])),
    statuses.map((status) => status.providerMessageId),
  ]);
  return rows.flatMap((row) => {
    let state = row.state;
    let furthest: DeliveryStatus | undefined;
    for (const status of statuses) {
      if (!speaksOf(status, row) || !movesDelivery(state, status.state)) continue;
      state = status.state;
      furthest = status;
    }
    return furthest === undefined ? [] : [{ row, status: furthest }];
  });
}

function speaksOf(status: DeliveryStatus, row: Reported): boolean {
  return status.outboundId === row.id || status.providerMessageId === row.provider_message_id;
}

async function lockConversations(tenancy: Tenancy, moves: readonly Move[]): Promise<void> {
  const settling = moves.filter(({ row }) => isOpenEnded(row.state)).map(({ row }) => row.conversation_id);
  if (settling.length > 0) await tenancy.rows(LOCK, [tenancy.organisationId, [...new Set(settling)]]);
}

/** States in which the conversation may wait for word of the message. */
function isOpenEnded(state: DeliveryState): boolean {
  return state === 'sending' || state === 'uncertain';
}

async function move(tenancy: Tenancy, moves: readonly Move[], now: Date): Promise<Moved[]> {
  return tenancy.rows<Moved>(MOVE, [
    tenancy.organisationId,
    now,
    moves.map(({ row }) => row.id),
    moves.map(({ row }) => row.state),
    moves.map(({ status }) => status.state),
    moves.map(({ status }) => status.providerMessageId),
    moves.map(({ status }) => status.code),
    moves.map(({ status }) => status.at),
  ]);
}

async function enter(
  tenancy: Tenancy,
  integration: ReceivingIntegration,
  moved: Moved,
  now: Date,
): Promise<OutgoingSignal> {
  const { organisationId } = tenancy;
  const [entered] = await tenancy.rows<InboxRow & { agent_id: string; channel: ChannelKind }>(ENTER, [
    organisationId,
    moved.conversation_id,
    moved.id,
    now,
  ]);
  if (entered === undefined) throw new Error('the conversation of a message is gone');
  return {
    ref: { organisationId, conversationId: moved.conversation_id },
    row: enteredRow(entered),
    agentId: entered.agent_id,
    channelIntegrationId: integration.id,
    channel: entered.channel,
  };
}
