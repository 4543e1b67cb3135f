import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { storeFailure } from './store-failure.ts';

export const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url));

/** In the order in which they are applied. */
export async function listMigrations(): Promise<string[]> {
  return (await readdir(MIGRATIONS)).filter((file) => /^\d{4}_.*\.ts$/.test(file)).sort();
}

/** Migrations of this release that the database has not seen. A database ahead of us is fine: changes expand first. */
export async function missingMigrations(pool: pg.Pool | pg.Client): Promise<string[]> {
  const wanted = await listMigrations();
  try {
    const { rows } = await pool.query<{ name: string }>('select name from knex_migrations');
    const applied = new Set(rows.map((row) => row.name));
    return wanted.filter((file) => !applied.has(file));
  } catch (error) {
    // No such table, or no right to read it yet: never migrated.
    const code = (error as { code?: string }).code;
    if (code === '42P01' || code === '42501') return wanted;
    throw storeFailure(error);
  }
}

/**
 * Refuses to run on a schema older than the code.
 * @throws Error naming what is missing; ParleyFailure STORE_UNAVAILABLE when Postgres cannot be asked.
 */
export async function assertSchema(pool: pg.Pool): Promise<void> {
  const missing = await missingMigrations(pool);
  if (missing.length === 0) return;
  throw new Error(`the database lacks ${missing.join(', ')}: run npm run migrate first`);
}
