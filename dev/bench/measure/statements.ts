import { readFileSync, statSync } from 'node:fs';
import pg from 'pg';
import { until } from '../../until.ts';

/** For `openStage`: lines of the log that tell whose statement it was, without its values. */
export const STATEMENT_LOG = ['log_line_prefix=%u|', 'log_parameter_max_length=0'];

/** The logins of the gateway and of the turns; the relay's own look every half second belongs to no message. */
const COUNTED = /^(parley_app_login|parley_lookup_login)\|LOG: {2}(statement|execute) ?(.*)$/;

/** What the server heard: every statement sent is one, `begin` with what travels in its text together. */
export interface Statements {
  count: number;
  /** By name of the prepared statement, or by its first words. */
  byName: Record<string, number>;
}

/** Lets Postgres itself write down each statement it is sent while `work` runs, and counts them. */
export async function countStatements(
  postgres: { ownerUrl: string; logFile: string },
  work: () => Promise<void>,
): Promise<Statements> {
  const client = new pg.Client({ connectionString: postgres.ownerUrl });
  await client.connect();
  try {
    await logStatements(client, 'all');
    const from = statSync(postgres.logFile).size;
    await work();
    const counted = readStatements(readFileSync(postgres.logFile).subarray(from).toString('utf8'));
    await logStatements(client, 'none');
    return counted;
  } finally {
    await client.end();
  }
}

async function logStatements(client: pg.Client, which: 'all' | 'none'): Promise<void> {
  await client.query(`alter system set log_statement = '${which}'`);
  await client.query('select pg_reload_conf()');
  const applies = async () =>
    (await client.query<{ log_statement: string }>('show log_statement')).rows[0]?.log_statement === which;
  if (!(await until(applies, 5000, 10))) throw new Error('Postgres did not take up log_statement');
  // The postmaster tells its children one after another: the others have it a moment after this one.
  await new Promise((resolve) => setTimeout(resolve, 100));
}

export function readStatements(log: string): Statements {
  const byName: Record<string, number> = {};
  let count = 0;
  for (const line of log.split('\n')) {
    const [, , kind, rest = ''] = COUNTED.exec(line) ?? [];
    if (kind === undefined) continue;
    const text = kind === 'execute' ? rest.split(':')[0] : rest.replace(/^: /, '').split(/[ ;]/)[0];
    const name = text || 'unnamed';
    byName[name] = (byName[name] ?? 0) + 1;
    count += 1;
  }
  return { count, byName };
}
