import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { ParleyFailure } from '../../contract/failures.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { asOrganisation } from './as-organisation.ts';
import { everyOrganisation } from './every-organisation.ts';
import { openPool } from './pool.ts';
import { assertSchema } from './schema-version.ts';
import { SEALED_TABLES } from './sealed-tables.ts';
import type { SealedRow, SealedTable } from './sealed-tables.ts';

/** How far a rotation got, by table. Values that were sealed anew stay so, whatever happened afterwards. */
export interface Resealed {
  tables: Record<string, { values: number; sealedAnew: number }>;
  /** One sentence for each value that does not open, without the value. */
  unopened: string[];
  /** Rows that somebody else held or changed each time. */
  left: number;
}

const PAGE = 100;

/** A row may be held for seconds: a company token is renewed under a lock. */
const MOST_PASSES = 6;
const BETWEEN_PASSES_MS = 1_000;

/**
 * Opens every sealed value of the installation and seals it with the newest key where it names another one. Each row
 * is a compare-and-set in a transaction of its own: the product may run meanwhile, and this may be repeated.
 * @throws Error when the schema is older than the code; ParleyFailure when Postgres goes away. `done` then tells how
 *   far it got.
 */
export async function reseal(
  options: { url: string; lookupUrl: string; secrets: Secrets; clock: { now(): Date } },
  done: Resealed,
): Promise<void> {
  const pool = openPool(options.url, { max: 1 });
  const lookupPool = openPool(options.lookupUrl, { max: 1 });
  try {
    await assertSchema(pool);
    for (let pass = 1; pass === 1 || (done.left > 0 && pass <= MOST_PASSES); pass++) {
      if (pass > 1) await pause(BETWEEN_PASSES_MS);
      begin(done);
      for (const { id } of await everyOrganisation(lookupPool))
        for (const table of SEALED_TABLES)
          for await (const row of rowsOf(pool, id, table, options.clock.now()))
            await resealRow(pool, options.secrets, { organisationId: id, table, row }, done);
    }
  } finally {
    await Promise.all([pool.end(), lookupPool.end()]);
  }
}

export function nothingResealed(): Resealed {
  const tables = SEALED_TABLES.map(({ table }) => [table, { values: 0, sealedAnew: 0 }]);
  return { tables: Object.fromEntries(tables) as Resealed['tables'], unopened: [], left: 0 };
}

/** A pass counts anew what it finds; what earlier ones sealed stays counted. */
function begin(done: Resealed): void {
  for (const counts of Object.values(done.tables)) counts.values = 0;
  done.unopened = [];
  done.left = 0;
}

async function* rowsOf(
  pool: pg.Pool,
  organisationId: string,
  { read, keyParts, since }: SealedTable,
  now: Date,
): AsyncGenerator<SealedRow> {
  let after: (string | null)[] = Array.from({ length: keyParts }, () => null);
  for (;;) {
    const values = [organisationId, PAGE, ...after, ...(since === undefined ? [] : [since(now)])];
    const rows = await asOrganisation(pool, organisationId, (tenancy) =>
      tenancy.rows<SealedRow>(read, values),
    );
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = last.key;
  }
}

interface Found {
  organisationId: string;
  table: SealedTable;
  row: SealedRow;
}

async function resealRow(pool: pg.Pool, secrets: Secrets, found: Found, done: Resealed): Promise<void> {
  const { organisationId, table, row } = found;
  const before: Record<string, string> = {};
  const after: Record<string, string> = {};
  const counts = (done.tables[table.table] ??= { values: 0, sealedAnew: 0 });
  for (const [name, sealed] of Object.entries(row.sealed)) {
    counts.values++;
    const place = table.placeOf(organisationId, row.key, name);
    try {
      // Those of the newest key too: whoever takes the older ones away relies on it that all open.
      const plain = secrets.open(sealed, place);
      if (secrets.keyOf(sealed) === secrets.newestKey) continue;
      before[name] = sealed;
      after[name] = secrets.seal(plain, place);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      done.unopened.push(`${why} (row ${row.key.join(':')}, organisation ${organisationId})`);
    }
  }
  const names = Object.keys(after);
  if (names.length === 0) return;
  if (await replaced(pool, found, before, after)) counts.sealedAnew += names.length;
  else done.left++;
}

/** False: somebody else changed the row meanwhile, or holds it. */
async function replaced(
  pool: pg.Pool,
  { organisationId, table, row }: Found,
  before: Record<string, string>,
  after: Record<string, string>,
): Promise<boolean> {
  const values = [organisationId, JSON.stringify(after), JSON.stringify(before), ...row.key];
  try {
    const rows = await asOrganisation(pool, organisationId, (tenancy) => tenancy.rows(table.replace, values));
    return rows.length > 0;
  } catch (error) {
    // A Postgres that is away for good fails the next reading.
    if (error instanceof ParleyFailure && error.code === 'STORE_UNAVAILABLE') return false;
    throw error;
  }
}
