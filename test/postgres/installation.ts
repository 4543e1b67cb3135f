import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { Caller, ReceivingIntegration } from '../../api/ports.ts';
import { asOrganisation } from '../../adapters/postgres/as-organisation.ts';
import { openInbox } from '../../adapters/postgres/inbox.ts';
import { openLedger } from '../../adapters/postgres/ledger.ts';
import { openPool } from '../../adapters/postgres/pool.ts';
import { makeReceive } from '../../adapters/postgres/receive-message.ts';
import { openTranscript } from '../../adapters/postgres/transcript.ts';
import { turnCause } from '../../contract/ids.ts';
import { openTestDatabase } from '../../dev/test-database.ts';
import type { TestDatabase } from '../../dev/test-database.ts';
import type { ChannelKind } from '../../domain/channel.ts';
import type { InboundMessage } from '../../domain/message.ts';

/** A database of the test file's own with one pool of the application's login. */
export async function openInstallation(): Promise<{
  database: TestDatabase;
  pool: pg.Pool;
  close(): Promise<void>;
}> {
  const database = await openTestDatabase();
  const pool = openPool(database.appUrl, { max: 20 });
  // Otherwise what starts together waits for its connections, and one is done before the next begins.
  await Promise.all(Array.from({ length: 20 }, () => pool.query('select pg_sleep(0.05)')));
  return { database, pool, close: () => pool.end() };
}

/** An organisation with an agent and a channel; every call makes others. */
export async function makeIntegration(
  pool: pg.Pool,
  kind: ChannelKind = 'generic',
  settings: Record<string, unknown> = {},
): Promise<ReceivingIntegration> {
  const organisationId = randomUUID();
  const agentId = randomUUID();
  const id = randomUUID();
  await asOrganisation(pool, organisationId, async (tenancy) => {
    const now = new Date(0);
    const insert = (name: string, text: string, values: unknown[]) => tenancy.rows({ name, text }, values);
    await insert('t1', 'insert into organisations (id, name, created_at) values ($1, $2, $3)', [
      organisationId,
      'Example',
      now,
    ]);
    await insert(
      't2',
      `insert into agents (organisation_id, id, name, settings, created_at, updated_at)
       values ($1, $2, 'Ada', $3, $4, $4)`,
      [organisationId, agentId, JSON.stringify(settings), now],
    );
    await insert(
      't3',
      `insert into channel_integrations
         (organisation_id, id, kind, name, agent_id, settings, secrets, created_at, updated_at)
       values ($1, $2, $3, 'A channel', $4, '{}', '{}', $5, $5)`,
      [organisationId, id, kind, agentId, now],
    );
  });
  return { id, organisationId, agentId, kind, active: true, settings: {}, secrets: {} };
}

/** A text of customer `c` in room `r`. */
export function textMessage(text: string, more: Partial<InboundMessage> = {}): InboundMessage {
  return {
    providerMessageId: randomUUID(),
    room: 'r',
    customer: { ids: ['c'] },
    sentAt: null,
    content: { kind: 'text', text },
    ...more,
  };
}

/** All rows of a query, as the organisation sees them. */
export function look<R extends pg.QueryResultRow>(
  pool: pg.Pool,
  organisationId: string,
  text: string,
  values: unknown[] = [],
): Promise<R[]> {
  return asOrganisation(pool, organisationId, (tenancy) =>
    tenancy.rows<R>({ name: text.slice(0, 60), text }, values),
  );
}

/** A store's world: one organisation, one channel, and shorthands for what tests do all the time. */
export async function openRoom(
  pool: pg.Pool,
  kind: ChannelKind = 'generic',
  settings: Record<string, unknown> = {},
) {
  const integration = await makeIntegration(pool, kind, settings);
  const { organisationId } = integration;
  const receive = makeReceive(pool);
  const ledger = openLedger(pool);
  const transcript = openTranscript(pool);
  const first = await receive(integration, textMessage('m1'), NOW);
  const ref = { organisationId, conversationId: first.conversationId };
  const caller: Caller = { organisationId, keyId: randomUUID(), memberId: null, role: 'operator' };
  return {
    integration,
    ref,
    caller,
    ledger,
    transcript,
    inbox: openInbox(pool),
    /** The room begins with the message m1. */
    first,
    say: (text: string, more: Partial<InboundMessage> = {}, now = NOW) =>
      receive(integration, textMessage(text, more), now),
    /** Plans a reply of a turn as the turn itself does. */
    async reply(turn: number, text: string, now = NOW): Promise<string> {
      const taken = await transcript.take(ref, turn, now);
      if (taken.kind === 'nothing') throw new Error('the turn took nothing');
      const reply = {
        turn,
        cause: turnCause(turn),
        kind: 'reply' as const,
        text,
        epoch: taken.epoch,
        answersSeq: taken.lastSeq,
        inReplyTo: taken.messages.map((message) => message.providerMessageId),
      };
      await transcript.plan(ref, reply, null, now);
      const [row] = await look<{ id: string }>(
        pool,
        organisationId,
        'select id from outbound where conversation_id = $1 and cause = $2',
        [ref.conversationId, turnCause(turn)],
      );
      if (row === undefined) throw new Error('the reply was not planned');
      return row.id;
    },
    fence: (turn: number, options: { regroup?: boolean; now?: Date } = {}) =>
      ledger.passFence(ref, turnCause(turn), { regroup: false, now: NOW, holdMs: 5_000, ...options }),
    look: <R extends pg.QueryResultRow>(text: string, values: unknown[] = []) =>
      look<R>(pool, organisationId, text, values),
    /** seq, turn and settled reason of all customer messages, in commit order. */
    async messages(): Promise<[number, number | null, string | null][]> {
      const rows = await look<{ seq: number; turn: number | null; settled_reason: string | null }>(
        pool,
        organisationId,
        `select seq, turn, settled_reason from inbox where conversation_id = $1 and kind = 'message' order by seq`,
        [ref.conversationId],
      );
      return rows.map((row) => [row.seq, row.turn, row.settled_reason]);
    },
    async state(outboundId: string): Promise<string | undefined> {
      const [row] = await look<{ state: string }>(
        pool,
        organisationId,
        'select state from outbound where id = $1',
        [outboundId],
      );
      return row?.state;
    },
  };
}

/** Lets copies of m1 wait in the room behind it, until it has so many messages that wait. */
export async function fill(room: Room, messages: number): Promise<void> {
  await room.look(
    `insert into inbox (organisation_id, channel_integration_id, conversation_id, kind, provider_message_id, seq,
       epoch, contact_id, body, received_at, at)
     select organisation_id, channel_integration_id, conversation_id, kind, gen_random_uuid()::text, n, epoch,
       contact_id, body, received_at, at
     from inbox, generate_series(2, $2::integer) n where conversation_id = $1 and seq = 1`,
    [room.ref.conversationId, messages],
  );
  await room.look('update conversations set last_seq = $2, last_message_seq = $2 where id = $1', [
    room.ref.conversationId,
    messages,
  ]);
}

export type Room = Awaited<ReturnType<typeof openRoom>>;

export const NOW = new Date('2026-01-01T00:00:00.000Z');

export function later(seconds: number): Date {
  return new Date(NOW.getTime() + seconds * 1000);
}
