import type { Request } from 'express';
import { roleAllows } from '../domain/role.ts';
import type { Role } from '../domain/role.ts';
import type { Caller } from './ports.ts';
import { Problem } from './problem.ts';
import type { RememberedLookup } from './remembered-lookup.ts';

/** Longer than any key we issue; not worth a look-up. */
const MAX_KEY = 256;

/**
 * Who asks, by `Authorization: Bearer <key>`. Which roles may is said by the route table alone.
 * @throws Problem 401 without a key that is known, 403 for a role that may not.
 */
export async function authorise(req: Request, needed: Role, lookup: RememberedLookup): Promise<Caller> {
  const key = bearerKey(req.headers.authorization);
  const caller = key === null ? null : await lookup.apiKey(key);
  if (caller === null) throw new Problem(401, 'Send a valid API key as "Authorization: Bearer <key>".');
  if (!roleAllows(caller.role, needed))
    throw new Problem(403, `This takes the role ${needed}; the key has ${caller.role}.`);
  return caller;
}

function bearerKey(header: string | undefined): string | null {
  const match = header === undefined ? null : /^Bearer +([\x21-\x7e]+)$/i.exec(header);
  const key = match?.[1];
  return key === undefined || key.length > MAX_KEY ? null : key;
}
