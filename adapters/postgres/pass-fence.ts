import type pg from 'pg';
import type { Delivery, FenceVerdict, Ledger } from '../../activities/ports.ts';
import type { ConversationRef } from '../../contract/conversation.ts';
import { REPEAT } from '../../domain/channel.ts';
import type { ChannelKind } from '../../domain/channel.ts';
import type { Owner } from '../../domain/conversation.ts';
import type { DeliveryState, OutboundKind } from '../../domain/delivery.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { CHAT_NOTICES, chatNotice } from './chat-notice.ts';
import { finalRefusal, SETTLED_BY } from './final-refusal.ts';
import type { FinalRefusal } from './final-refusal.ts';
import { settleTurn } from './settle-turn.ts';

/**
 * `for no key update` instead of `for share`: a web chat's line raises the conversation's position in this same
 * transaction, and two shared locks that both want to write wait for each other for ever. Inserts with foreign
 * keys to the conversation pass either.
 */
const READ: Statement = {
  name: 'fence-read',
  text: `
    with conversation as materialized (
      select * from conversations where organisation_id = $1 and id = $2 for no key update
    )
    select c.owner, c.epoch as current_epoch, c.status, c.last_message_seq, c.room, c.channel,
      c.channel_integration_id, v.version as integration_version,
      array(select external_id from contact_identities i
            where i.organisation_id = $1 and i.contact_id = c.contact_id order by i.rank) as contact_ids,
      o.id, o.kind, o.text, o.epoch, o.answers_seq, o.in_reply_to, o.state, o.planned_at, o.attempt, o.failure_code
    from conversation c
    join channel_integrations v on v.organisation_id = $1 and v.id = c.channel_integration_id
    join outbound o on o.organisation_id = $1 and o.conversation_id = $2 and o.cause = $3 and o.part = 0`,
};

/**
 * The compare-and-set on state and attempt loses against a status report or another try at the same send, that on
 * planned_at and answers_seq against new words: a fence that had to wait for the conversation read the message as it
 * stood before.
 */
const PASS: Statement = {
  name: 'fence-pass',
  text: `
    update outbound
    set state = 'sending', sending_at = $5, deadline_at = $6, updated_at = $5, attempt = attempt + 1,
        failure_code = null
    where organisation_id = $1 and id = $2 and state = $3 and attempt = $4 and planned_at = $7 and answers_seq = $8
    returning id`,
};

/** The customer reads this table, so a line of web chat is sent by getting its position. */
const PASS_CHAT: Statement = {
  name: 'fence-pass-chat',
  text: `
    with room as (
      update conversations set last_position = last_position + 1
      where organisation_id = $1 and id = $6
      returning last_position
    ),
    moved as (
      update outbound o
      set state = 'sent', sending_at = $5, sent_at = $5, updated_at = $5, attempt = attempt + 1,
          position = room.last_position
      from room
      where o.organisation_id = $1 and o.id = $2 and o.state = $3 and o.attempt = $4
        and o.planned_at = $8 and o.answers_seq = $9
      returning o.id, o.organisation_id, o.conversation_id, o.turn, o.answers_seq
    ),
    ${settleTurn({ at: '$5', reason: "'answered'" })}
    select id, pg_notify('${CHAT_NOTICES}', $7) from moved`,
};

const REFUSE: Statement = {
  name: 'fence-refuse',
  text: `
    with moved as (
      update outbound set state = 'refused', failure_code = $4, updated_at = $3
      where organisation_id = $1 and id = $2 and state = 'planned' and planned_at = $6 and answers_seq = $7
      returning id, organisation_id, conversation_id, turn, answers_seq, cause
    ),
    -- Of a nudge: its step has not fired.
    unfired as (
      update idle_firings f set outcome = 'refused'
      from moved m
      where f.organisation_id = m.organisation_id and f.conversation_id = m.conversation_id
        and f.seen_seq = m.answers_seq and f.outcome = 'planned' and f.verdict ->> 'cause' = m.cause
    ),
    ${settleTurn({ at: '$3', reason: '$5' })}
    select id from moved`,
};

interface FenceRow {
  owner: Owner;
  current_epoch: number;
  status: 'open' | 'resolved';
  last_message_seq: number;
  room: string;
  channel: ChannelKind;
  channel_integration_id: string;
  integration_version: number;
  contact_ids: string[];
  id: string;
  kind: OutboundKind;
  text: string;
  epoch: number;
  answers_seq: number;
  in_reply_to: string[];
  state: DeliveryState;
  planned_at: Date;
  attempt: number;
  failure_code: string | null;
}

interface FenceOptions {
  regroup: boolean;
  now: Date;
  holdMs: number;
}

/** planned → sending, decided under the conversation's lock (DESIGN section 5); see `Ledger.passFence`. */
export function makePassFence(pool: pg.Pool): Ledger['passFence'] {
  return async (ref, cause, options) => {
    // Whatever wins a race for the row moves it forward, so this ends.
    for (;;) {
      const verdict = await asOrganisation(pool, ref.organisationId, async (tenancy) => {
        const [row] = await tenancy.rows<FenceRow>(READ, [ref.organisationId, ref.conversationId, cause]);
        return row === undefined ? { kind: 'absent' as const } : judge(tenancy, ref, row, options);
      });
      if (verdict !== 'lost_race') return verdict;
    }
  };
}

async function judge(
  tenancy: Tenancy,
  ref: ConversationRef,
  row: FenceRow,
  options: FenceOptions,
): Promise<FenceVerdict | 'lost_race'> {
  const refusal = await finalRefusal(tenancy, ref, row);
  switch (row.state) {
    case 'planned':
      if (refusal !== null) return refuse(tenancy, row, refusal, options.now);
      if (options.regroup && row.last_message_seq > row.answers_seq)
        return { kind: 'refused', reason: 'newer_message' };
      return row.channel === 'webchat'
        ? passChat(tenancy, ref, row, options)
        : pass(tenancy, ref, row, options);
    case 'sending':
      // An earlier try died and its call may have arrived. What may not be repeated, be it by the channel's rule or
      // because a person has come between, stays unknown: it is neither sent again nor called refused.
      if (refusal !== null || REPEAT[row.channel] === 'never')
        return { kind: 'unknown', outboundId: row.id, answersSeq: row.answers_seq };
      return pass(tenancy, ref, row, options);
    case 'refused':
      return { kind: 'refused', reason: (row.failure_code ?? 'epoch') as FinalRefusal };
    default:
      return { kind: 'done', state: row.state, answersSeq: row.answers_seq };
  }
}

async function refuse(
  tenancy: Tenancy,
  row: FenceRow,
  reason: FinalRefusal,
  now: Date,
): Promise<FenceVerdict | 'lost_race'> {
  const values = [
    tenancy.organisationId,
    row.id,
    now,
    reason,
    SETTLED_BY[reason],
    row.planned_at,
    row.answers_seq,
  ];
  const moved = await tenancy.lastRows(REFUSE, values);
  return moved.length === 0 ? 'lost_race' : { kind: 'refused', reason };
}

async function pass(
  tenancy: Tenancy,
  ref: ConversationRef,
  row: FenceRow,
  { now, holdMs }: FenceOptions,
): Promise<FenceVerdict | 'lost_race'> {
  const deadline = new Date(now.getTime() + holdMs);
  const { id, state, attempt, planned_at, answers_seq } = row;
  const values = [tenancy.organisationId, id, state, attempt, now, deadline, planned_at, answers_seq];
  const moved = await tenancy.lastRows(PASS, values);
  if (moved.length === 0) return 'lost_race';
  return { kind: 'ready', delivery: deliveryOf(ref, row, deadline) };
}

async function passChat(
  tenancy: Tenancy,
  ref: ConversationRef,
  row: FenceRow,
  { now }: FenceOptions,
): Promise<FenceVerdict | 'lost_race'> {
  const moved = await tenancy.lastRows(PASS_CHAT, [
    tenancy.organisationId,
    row.id,
    row.state,
    row.attempt,
    now,
    ref.conversationId,
    chatNotice(row.channel_integration_id, row.room),
    row.planned_at,
    row.answers_seq,
  ]);
  return moved.length === 0 ? 'lost_race' : { kind: 'done', state: 'sent', answersSeq: row.answers_seq };
}

function deliveryOf(ref: ConversationRef, row: FenceRow, deadline: Date): Delivery {
  return {
    outboundId: row.id,
    organisationId: ref.organisationId,
    conversationId: ref.conversationId,
    channel: row.channel,
    channelIntegrationId: row.channel_integration_id,
    integrationVersion: row.integration_version,
    room: row.room,
    contactIds: row.contact_ids,
    kind: row.kind,
    text: row.text,
    inReplyTo: row.in_reply_to,
    answersSeq: row.answers_seq,
    plannedAt: row.planned_at,
    attempt: row.attempt + 1,
    repeat: row.state === 'sending',
    deadline,
  };
}
