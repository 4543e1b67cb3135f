import { timingSafeEqual } from 'node:crypto';
import type { Request } from 'express';
import { roleAllows } from '../domain/role.ts';
import { readCookie } from './cookie.ts';
import type { Caller, CallerSession } from './ports.ts';
import { Problem } from './problem.ts';
import type { RememberedLookup } from './remembered-lookup.ts';
import type { Needed } from './route.ts';

/** The cookie of a browser that is signed in. */
export const SESSION_COOKIE = 'parley_session';
/** Longer than any key we issue; not worth a look-up. */
const MAX_KEY = 256;
const CHANGES_NOTHING: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/**
 * Who asks: by `Authorization: Bearer <key>`, or, where there is no such header, by the cookie of a session. Which roles
 * may is said by the route table alone.
 * @throws Problem 401 without a credential that is known, 403 for a role that may not, and for a cookie that comes
 *   without the page's word for it
 */
export async function authorise(req: Request, needed: Needed, lookup: RememberedLookup): Promise<Caller> {
  const token = req.headers.authorization === undefined ? readCookie(req, SESSION_COOKIE) : null;
  const caller = token === null ? await byKey(req, lookup) : await bySession(req, token, lookup);
  if (needed !== 'holder' && !roleAllows(caller.role, needed))
    throw new Problem(
      403,
      `This takes the role ${needed}; the ${token === null ? 'key' : 'session'} has ${caller.role}.`,
    );
  return caller;
}

async function byKey(req: Request, lookup: RememberedLookup): Promise<Caller> {
  const key = bearerKey(req.headers.authorization);
  const caller = key === null ? null : await lookup.apiKey(key);
  if (caller === null) throw new Problem(401, 'Send a valid API key as "Authorization: Bearer <key>".');
  return caller;
}

/** A foreign page may make a browser send the cookie; it cannot know the token that was told to ours (TEN-2). */
async function bySession(req: Request, token: string, lookup: RememberedLookup): Promise<Caller> {
  const caller = token.length > MAX_KEY ? null : await lookup.session(token);
  if (caller?.session === undefined) throw new Problem(401, 'The session is over. Sign in again.');
  if (!CHANGES_NOTHING.has(req.method) && !namesToken(req, caller.session))
    throw new Problem(403, 'A request with a session names its CSRF token as "X-CSRF-Token".');
  return caller;
}

function namesToken(req: Request, { csrfToken }: CallerSession): boolean {
  const given = Buffer.from(String(req.headers['x-csrf-token'] ?? ''));
  const expected = Buffer.from(csrfToken);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function bearerKey(header: string | undefined): string | null {
  const match = header === undefined ? null : /^Bearer +([\x21-\x7e]+)$/i.exec(header);
  const key = match?.[1];
  return key === undefined || key.length > MAX_KEY ? null : key;
}
