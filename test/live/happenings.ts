import pg from 'pg';
import type { TestDatabase } from '../../dev/test-database.ts';
import { NOW, look } from '../postgres/installation.ts';

const INSERT = `insert into events (organisation_id, name, properties, at) values ($1, $2, '{}', $3)`;

/** An event of the organisation that commits at once. */
export async function happen(pool: pg.Pool, organisationId: string, name: string): Promise<void> {
  await look(pool, organisationId, INSERT, [organisationId, name, NOW]);
}

/** A transaction of the organisation that commits when told. */
export async function begin({ appUrl }: TestDatabase, organisationId: string) {
  const client = new pg.Client({ connectionString: appUrl });
  await client.connect();
  await client.query('begin');
  await client.query(`select set_config('parley.organisation', $1, true)`, [organisationId]);
  const end = (how: 'commit' | 'rollback') => async () => {
    await client.query(how);
    await client.end();
  };
  return {
    happen: (name: string) => client.query(INSERT, [organisationId, name, NOW]),
    commit: end('commit'),
    undo: end('rollback'),
  };
}

/** Names of the organisation's published events in the order in which readers hear of them. */
export async function published(pool: pg.Pool, organisationId: string): Promise<string[]> {
  const rows = await look<{ name: string }>(
    pool,
    organisationId,
    'select name from events where published is not null order by published',
  );
  return rows.map(({ name }) => name);
}
