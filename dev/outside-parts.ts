import { connect } from 'node:net';
import pg from 'pg';

/**
 * Looks whether the Postgres and the Temporal that the settings name are there, before anything is started.
 * @throws Error naming the setting, never the password in it.
 */
export async function checkOutsideParts(env: NodeJS.ProcessEnv): Promise<void> {
  const problems: string[] = [];
  const { DATABASE_URL: databaseUrl, TEMPORAL_ADDRESS: temporalAddress } = env;
  if (databaseUrl) await connectPostgres(databaseUrl).catch((error: Error) => problems.push(error.message));
  if (temporalAddress)
    await connectTcp(temporalAddress).catch((error: Error) => problems.push(error.message));
  if (problems.length > 0) throw new Error(problems.join('\n'));
}

async function connectPostgres(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const found = await client.query<{ version: number; may: boolean }>(
      `select current_setting('server_version_num')::int as version, (rolsuper or rolcreaterole) as may
         from pg_roles where rolname = current_user`,
    );
    const { version = 0, may = false } = found.rows[0] ?? {};
    if (version < 150_000) throw new Error('Postgres 15 or newer is needed');
    if (!may) throw new Error('its login may not create roles; name an admin login');
  } catch (error) {
    throw new Error(`DATABASE_URL cannot be used: ${(error as Error).message}`, { cause: error });
  } finally {
    await client.end().catch(() => undefined);
  }
}

function connectTcp(address: string): Promise<void> {
  const { hostname, port } = new URL(`tcp://${address}`);
  return new Promise((resolve, reject) => {
    const refuse = (why: string) =>
      reject(new Error(`TEMPORAL_ADDRESS ${address} cannot be reached: ${why}`));
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port), timeout: 5000 });
    socket.once('connect', () => resolve());
    socket.once('timeout', () => refuse('no answer within 5 s'));
    socket.once('error', (error) => refuse(error.message));
    socket.once('connect', () => socket.destroy());
    socket.once('timeout', () => socket.destroy());
  });
}
