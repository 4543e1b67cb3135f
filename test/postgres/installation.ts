import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { ReceivingIntegration } from '../../api/ports.ts';
import { asOrganisation } from '../../adapters/postgres/as-organisation.ts';
import { openPool } from '../../adapters/postgres/pool.ts';
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
