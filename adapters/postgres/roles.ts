import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import type pg from 'pg';

/** Group roles hold the grants; logins are members of one. The definer owns the look-up functions. */
export const GROUPS = ['parley_app', 'parley_lookup', 'parley_jobs', 'parley_definer'] as const;
export type Group = (typeof GROUPS)[number];

/** Makes what is missing of the group roles. Roles belong to the whole server, hence the retries of `settled`. */
export async function createGroups(owner: pg.Client): Promise<void> {
  for (const group of GROUPS) {
    await settled(async () => {
      if (await roleExists(owner, group)) return;
      await owner.query(`create role ${group} nologin nosuperuser nobypassrls nocreatedb nocreaterole`);
    });
  }
  // Who hands a function over to a role has to be its member.
  await settled(() => owner.query('grant parley_definer to current_user'));
}

/**
 * Makes or updates the login a URL names, with the URL's password, as member of its group and of no more rights.
 * @throws Error when the login is the owner's: it would own what row-level security is to keep from it.
 */
export async function ensureLogin(owner: pg.Client, url: string, group: Group): Promise<void> {
  const { username, password } = new URL(url);
  const name = decodeURIComponent(username);
  const current = await owner.query<{ name: string }>('select current_user as name');
  if (name === '' || name === current.rows[0]?.name) {
    throw new Error(`the login of ${group} must be named in its URL and must not be the owner of the schema`);
  }
  const role = owner.escapeIdentifier(name);
  const secret =
    password === '' ? '' : ` password ${owner.escapeLiteral(scramVerifier(decodeURIComponent(password)))}`;
  await settled(async () => {
    const verb = (await roleExists(owner, name)) ? 'alter' : 'create';
    await owner.query(`${verb} role ${role} with login${secret}`);
  });
  const lifted = await owner.query(
    'select 1 from pg_roles where rolname = $1 and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb)',
    [name],
  );
  // Only where somebody gave more: a lesser owner may not even name these rights.
  if (lifted.rowCount === 1)
    await owner.query(`alter role ${role} with nosuperuser nobypassrls nocreaterole nocreatedb`);
  await settled(() => owner.query(`grant ${group} to ${role}`));
}

async function roleExists(owner: pg.Client, name: string): Promise<boolean> {
  const found = await owner.query('select 1 from pg_roles where rolname = $1', [name]);
  return found.rowCount === 1;
}

/** Another database of the same server may be migrated at this moment: then one of two changes of a role loses. */
async function settled(change: () => Promise<unknown>): Promise<void> {
  const LOST = /^(23505|42710|XX000|40P01|40001)$/;
  for (let attempt = 1; ; attempt++) {
    try {
      await change();
      return;
    } catch (error) {
      if (attempt === 20 || !LOST.test((error as { code?: string }).code ?? '')) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20 * attempt));
    }
  }
}

/** What Postgres stores of a password (RFC 5803), so that the password itself is in no statement that gets logged. */
function scramVerifier(password: string): string {
  const iterations = 4096;
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, iterations, 32, 'sha256');
  const keyed = (name: string) => createHmac('sha256', salted).update(name).digest();
  const storedKey = createHash('sha256').update(keyed('Client Key')).digest('base64');
  const serverKey = keyed('Server Key').toString('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}
