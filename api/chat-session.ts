import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import type { Request } from 'express';
import { sendJson } from './answer.ts';
import { cookieHeader, readCookie } from './cookie.ts';
import type { Gateway } from './gateway.ts';
import type { ReceivingIntegration } from './ports.ts';
import { Problem, unknown } from './problem.ts';
import { openOperation } from './route.ts';
import { byChannelIntegration, time } from './shapes.ts';
import { z } from 'zod';

const COOKIE = 'parley_visitor';
const LASTS_SECONDS = 30 * 24 * 3600;

/** A visitor is a random room and our word for it; nothing is stored until the first message. */
export const openChatSession = openOperation({
  summary: 'Begins or prolongs the visitor session of the web chat',
  params: byChannelIntegration,
  answers: {
    200: {
      type: 'application/json',
      schema: z.strictObject({ expires_at: time }),
      description: 'The session is in an HttpOnly cookie',
    },
  },
  problems: [403, 404, 429],
  async serve({ req, res, params }, gateway) {
    const integration = await webchat(params.channel_integration, gateway);
    requireSameOrigin(req, gateway);
    const now = gateway.clock.now();
    const secret = sessionSecret(integration);
    let room = readSession(readCookie(req, COOKIE), integration.id, secret, now);
    if (room === null) {
      const wait = gateway.newVisitors.take(req.ip ?? '');
      if (wait > 0) throw new Problem(429, 'Too many new visitors from here.', { retryAfterSeconds: wait });
      room = randomUUID();
    }
    const expires = Math.floor(now.getTime() / 1000) + LASTS_SECONDS;
    const token = signSession(room, expires, integration.id, secret);
    const cookie = {
      name: COOKIE,
      value: token,
      path: `/chat/${integration.id}`,
      maxAgeSeconds: LASTS_SECONDS,
      sameSite: 'Lax' as const,
    };
    res.setHeader('set-cookie', cookieHeader(cookie, gateway.options.publicUrl));
    sendJson(res, 200, { expires_at: new Date(expires * 1000).toISOString() });
  },
});

/**
 * The visitor behind a request: the integration and the room of the session.
 * @throws Problem 404 for an unknown integration, 401 without a session of ours; a forged one is written down (CHAN-2)
 */
export async function requireVisitor(
  req: Request,
  integrationId: string,
  gateway: Gateway,
): Promise<{ integration: ReceivingIntegration; room: string }> {
  const integration = await webchat(integrationId, gateway);
  const token = readCookie(req, COOKIE);
  const room = readSession(token, integration.id, sessionSecret(integration), gateway.clock.now());
  if (room !== null) return { integration, room };
  if (token !== null)
    await gateway.refusals.record(integration, { attempt: 'chat', reason: 'session', from: req.ip ?? null });
  throw new Problem(401, 'There is no valid visitor session.');
}

/** An active web chat integration. */
export async function webchat(id: string, gateway: Gateway): Promise<ReceivingIntegration> {
  const integration = await gateway.lookup.channelIntegration(id);
  if (integration?.kind !== 'webchat' || !integration.active) throw unknown('channel integration');
  return integration;
}

/**
 * A foreign page may make a browser send the cookie; it cannot make it say that it is ours. Programs, which send
 * neither header, carry no cookie by accident.
 * @throws Problem 403
 */
export function requireSameOrigin(req: Request, gateway: Gateway): void {
  const site = req.headers['sec-fetch-site'];
  const origin = req.headers.origin;
  const ours =
    origin === undefined || origin === new URL(gateway.options.publicUrl).origin || isHost(origin, req);
  if (ours && (site === undefined || site === 'same-origin' || site === 'none')) return;
  throw new Problem(403, 'This comes from a page of another origin.');
}

function isHost(origin: string, req: Request): boolean {
  return URL.canParse(origin) && new URL(origin).host === req.headers.host;
}

/** `<room>.<expiry in seconds>.<HMAC over both and the integration>`. */
export function signSession(room: string, expires: number, integrationId: string, secret: string): string {
  return `${room}.${expires}.${macOf(room, expires, integrationId, secret).toString('base64url')}`;
}

/** The room of a token that is ours and has not expired, else null. */
export function readSession(
  token: string | null,
  integrationId: string,
  secret: string,
  now: Date,
): string | null {
  const match = /^([0-9a-f-]{36})\.(\d{1,12})\.([A-Za-z0-9_-]{43})$/.exec(token ?? '');
  const [, room, expires, mac] = match ?? [];
  if (room === undefined || expires === undefined || mac === undefined) return null;
  const given = Buffer.from(mac, 'base64url');
  const expected = macOf(room, Number(expires), integrationId, secret);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
  return Number(expires) * 1000 > now.getTime() ? room : null;
}

function macOf(room: string, expires: number, integrationId: string, secret: string): Buffer {
  return createHmac('sha256', secret).update(`visitor:${integrationId}:${room}:${expires}`).digest();
}

function sessionSecret(integration: ReceivingIntegration): string {
  const secret = integration.secrets['session_secret'];
  // Without it anybody could sign; every web chat gets one when it is made.
  if (!secret) throw new Error('a web chat integration has no session_secret');
  return secret;
}
