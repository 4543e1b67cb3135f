import { createHmac, timingSafeEqual } from 'node:crypto';
import type { RawRequest } from '../../../api/ports.ts';

/** A request of an older or a later time than this is a replay, or comes from a clock nobody should trust. */
const WINDOW_SECONDS = 300;

/**
 * Whether Slack signed these bytes just now: `v0=` and HMAC-SHA256 over `v0:{timestamp}:{body}` with the app's signing
 * secret. The timestamp is whole seconds, within five minutes of `now` on either side.
 * https://docs.slack.dev/authentication/verifying-requests-from-slack
 */
export function isSignedBySlack(
  { headers, body }: RawRequest,
  secret: string | undefined,
  now: Date,
): boolean {
  const timestamp = headers['x-slack-request-timestamp'] ?? '';
  const given = /^v0=([0-9a-f]{64})$/.exec(headers['x-slack-signature'] ?? '')?.[1];
  if (!secret || given === undefined || !/^[0-9]{1,12}$/.test(timestamp)) return false;
  if (Math.abs(now.getTime() - Number(timestamp) * 1000) > WINDOW_SECONDS * 1000) return false;
  const expected = createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body).digest();
  return timingSafeEqual(Buffer.from(given, 'hex'), expected);
}
