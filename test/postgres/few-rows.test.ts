import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { ReceivingIntegration } from '../../api/ports.ts';
import { makeReceive } from '../../adapters/postgres/receive-message.ts';
import { openLedger } from '../../adapters/postgres/ledger.ts';
import { openPool } from '../../adapters/postgres/pool.ts';
import { openTranscript } from '../../adapters/postgres/transcript.ts';
import { turnCause } from '../../contract/ids.ts';
import { openTestDatabase } from '../../dev/test-database.ts';
import type { TestDatabase } from '../../dev/test-database.ts';
import { NOW, later, makeIntegration, textMessage } from './installation.ts';

const OTHERS = 2_000;
const TURNS = 10;
/** Of the tables that are filled, together: a conversation's own rows, which several statements look at. */
const MOST_ROWS_A_TURN = 100;

/** Conversations of the same integration with a message each, and what Postgres knows of them. */
const FILL = `
  with contact as (
    insert into contacts (organisation_id, channel_integration_id, name, created_at)
    select $1, $2, 'Other', now() from generate_series(1, ${OTHERS}) returning id
  ), known as (
    insert into contact_identities (organisation_id, channel_integration_id, external_id, contact_id, rank)
    select $1, $2, id::text, id, 0 from contact
  ), conversation as (
    insert into conversations (organisation_id, channel_integration_id, channel, agent_id, contact_id, room, opened_at)
    select $1, $2, $4, $3, id, id::text, now() from contact returning id, contact_id
  )
  insert into inbox (organisation_id, channel_integration_id, conversation_id, contact_id, kind, provider_message_id,
    seq, epoch, body, received_at, at)
  select $1, $2, id, contact_id, 'message', id::text, 1, 1, '{"kind":"text","text":"hello"}', now(), now()
  from conversation`;

const ROWS_READ = `
  select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::integer as read from pg_stat_user_tables
  where relname in ('conversations', 'inbox', 'contact_identities')`;

describe('an installation with many conversations', () => {
  let database: TestDatabase;
  let owner: pg.Client;

  before(async () => {
    database = await openTestDatabase();
    owner = new pg.Client({ connectionString: database.ownerUrl });
    await owner.connect();
  });
  after(() => owner.end());

  for (const { kind, room } of [
    { kind: 'generic', room: 'mine' },
    { kind: 'whatsapp', room: null },
  ] as const)
    it(`CONV-6 reads a handful of rows a turn where ${OTHERS} others talk, on ${kind}`, async () => {
      const integration = await filled(kind);
      await talk(integration, room, 1);
      const before = await rowsRead();
      await talk(integration, room, TURNS);
      const perTurn = ((await rowsRead()) - before) / TURNS;
      console.log(`      ${perTurn} rows read a turn`);
      assert.ok(perTurn > 0 && perTurn < MOST_ROWS_A_TURN, `${perTurn} rows`);
    });

  async function filled(kind: ReceivingIntegration['kind']): Promise<ReceivingIntegration> {
    const pool = openPool(database.appUrl, { max: 2 });
    const integration = await makeIntegration(pool, kind);
    const { organisationId, id, agentId } = integration;
    await pool.end();
    await owner.query(`select set_config('parley.organisation', $1, false)`, [organisationId]);
    await owner.query(FILL, [organisationId, id, agentId, kind]);
    await owner.query('analyze');
    // What the filling read is counted before anything is compared.
    await owner.query('select pg_stat_force_next_flush()');
    return integration;
  }

  /** Receives, takes, plans and sends; a process of its own, whose figures are complete once it has left. */
  async function talk(integration: ReceivingIntegration, room: string | null, turns: number): Promise<void> {
    const pool = openPool(database.appUrl, { max: 1 });
    const [receive, transcript, ledger] = [makeReceive(pool), openTranscript(pool), openLedger(pool)];
    for (let n = 0; n < turns; n++) {
      const message = textMessage('hello', {
        room,
        customer: { ids: ['me'] },
        providerMessageId: randomUUID(),
      });
      const { conversationId } = await receive(integration, message, later(n));
      const ref = { organisationId: integration.organisationId, conversationId };
      const opened = await transcript.open(ref);
      const turn = (opened?.lastTurn ?? 0) + 1;
      const taken = await transcript.take(ref, turn, later(n));
      assert.ok(taken.kind === 'taken');
      const cause = turnCause(turn);
      const reply = {
        turn,
        cause,
        kind: 'reply' as const,
        text: 'Hi',
        epoch: taken.epoch,
        answersSeq: taken.lastSeq,
      };
      await transcript.plan(ref, { ...reply, inReplyTo: [message.providerMessageId] }, null, later(n));
      const fence = await ledger.passFence(ref, cause, { regroup: true, now: later(n), holdMs: 5_000 });
      assert.ok(fence.kind === 'ready');
      await ledger.record(
        ref,
        fence.delivery.outboundId,
        { kind: 'sent', providerMessageId: randomUUID() },
        NOW,
      );
    }
    await pool.end();
  }

  /** Of backends that have ended; they hand in their figures as they leave. */
  async function rowsRead(): Promise<number> {
    for (let last = -1; ;) {
      await owner.query('select pg_stat_clear_snapshot()');
      const { rows } = await owner.query<{ read: number }>(ROWS_READ);
      const { rows: others } = await owner.query<{ n: number }>(
        `select count(*)::integer as n from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
      );
      const now = rows[0]?.read ?? 0;
      if (others[0]?.n === 0 && now === last) return now;
      last = now;
    }
  }
});
