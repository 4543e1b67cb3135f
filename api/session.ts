import type { Request } from 'express';
import { z } from 'zod';
import { ROLES } from '../domain/role.ts';
import { SESSION_LASTS_MS } from '../domain/session.ts';
import { SESSION_COOKIE } from './access.ts';
import { sendJson } from './answer.ts';
import { requireSameOrigin } from './chat-session.ts';
import { cookieHeader } from './cookie.ts';
import type { Gateway } from './gateway.ts';
import type { Caller } from './ports.ts';
import { Problem } from './problem.ts';
import { readJson } from './read-body.ts';
import { openOperation, operation } from './route.ts';
import { parse } from './serve.ts';
import { id, time, words } from './shapes.ts';

/** Browsers sign in with a key and go on with a cookie that no page can read (TEN-2). */

const named = z.strictObject({ id, name: z.string() });

const session = z
  .strictObject({
    id: id.nullable().meta({ description: 'Null where the request came with a key' }),
    organisation: named,
    role: z.enum(ROLES),
    member: named.nullable().meta({ description: "Whose key it is; null for a program's" }),
    key: named,
    csrf_token: z
      .string()
      .nullable()
      .meta({ description: 'The X-CSRF-Token of every request with the cookie that changes anything' }),
    expires_at: time.nullable().meta({ description: 'At the latest; sooner where it is not used' }),
  })
  .meta({ id: 'Session' });

const signInBody = z.strictObject({ key: words(256) });

export const signIn = openOperation({
  summary: 'Signs a browser in with an API key; the session is in an HttpOnly cookie',
  body: signInBody,
  answers: { 200: { type: 'application/json', schema: session, description: 'Signed in' } },
  problems: [400, 401, 403, 413, 415, 422, 429, 503],
  async serve({ req, res }, gateway) {
    requireSameOrigin(req, gateway);
    const wait = gateway.signIns.take(req.ip ?? '');
    if (wait > 0) throw new Problem(429, 'Too many attempts from here.', { retryAfterSeconds: wait });
    const { key } = parse(signInBody, (await readJson(req, res))?.value);
    const holder = await gateway.lookup.apiKey(key);
    if (holder === null) {
      await writeDown(key, req, gateway);
      throw new Problem(401, 'The key is not valid.');
    }
    if (holder.role === 'gateway') throw new Problem(403, 'A key of the role gateway posts messages only.');
    const { token, caller } = await gateway.sessions.begin(holder, gateway.clock.now());
    res.setHeader('set-cookie', sessionCookie(token, SESSION_LASTS_MS / 1000, gateway));
    sendJson(res, 200, await toSession(caller, gateway));
  },
});

export const readSession = operation({
  summary: 'Who asks, by session or key',
  status: 200,
  answer: session,
  run: ({ caller }, gateway) => toSession(caller, gateway),
});

export const signOut = operation({
  summary: 'Ends the session',
  status: 200,
  answer: session,
  also: [409],
  headers: (gateway) => ({ 'set-cookie': sessionCookie('', 0, gateway) }),
  async run({ caller }, gateway) {
    if (caller.session === undefined)
      throw new Problem(409, 'There is no session to end: the request came with a key.');
    const shown = await toSession(caller, gateway);
    await gateway.sessions.end(caller, caller.session.id, gateway.clock.now());
    gateway.lookup.forget();
    return shown;
  },
});

function sessionCookie(value: string, maxAgeSeconds: number, { options }: Gateway): string {
  return cookieHeader(
    { name: SESSION_COOKIE, value, path: '/v1', maxAgeSeconds, sameSite: 'Strict' },
    options.publicUrl,
  );
}

/** Of a key that nobody has there is no organisation to write it down in. */
async function writeDown(key: string, req: Request, { lookup, refusals, options }: Gateway): Promise<void> {
  const known = await lookup.refusedKey(key);
  const from = req.ip ?? null;
  if (known === null) return options.log.warn({ from }, 'somebody tried to sign in with a key of nobody');
  const { organisationId, keyId, reason } = known;
  await refusals.record({ organisationId, id: keyId }, { attempt: 'session', reason, from });
}

async function toSession(caller: Caller, { sessions }: Gateway): Promise<z.input<typeof session>> {
  const { organisation, member, key } = await sessions.whoIs(caller);
  const { session: own, role } = caller;
  return {
    id: own?.id ?? null,
    organisation,
    role,
    member,
    key,
    csrf_token: own?.csrfToken ?? null,
    expires_at: own?.expiresAt.toISOString() ?? null,
  };
}
