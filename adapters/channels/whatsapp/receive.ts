import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { RawRequest, ReceivedBatch, Receiver } from '../../../api/ports.ts';
import { asList, asObject, asObjects, parseJson } from './loose-json.ts';
import type { JsonObject } from './loose-json.ts';
import { readEcho } from './read-echo.ts';
import { readMessage } from './read-message.ts';
import { readStatus } from './read-status.ts';

/**
 * Meta's webhooks for the Cloud API. Needs the secrets `app_secret` and `verify_token` and the setting
 * `phone_number_id`. No timestamp is signed: a replay is stopped by the message id alone (CONV-1).
 * https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview/
 */
export const whatsappReceiver: Receiver = {
  handshake(query, { secrets }) {
    const challenge = query['hub.challenge'];
    const expected = secrets['verify_token'];
    if (query['hub.mode'] !== 'subscribe' || !challenge || !expected) return null;
    return sameText(query['hub.verify_token'] ?? '', expected) ? challenge : null;
  },

  authentic({ headers, body }, { secrets }) {
    const secret = secrets['app_secret'];
    const given = /^sha256=([0-9a-f]{64})$/i.exec(headers['x-hub-signature-256'] ?? '')?.[1];
    if (!secret || given === undefined) return false;
    // Over the bytes as they came: Meta escapes slashes and non-ASCII, so parsed and written again they differ.
    const expected = createHmac('sha256', secret).update(body).digest();
    return timingSafeEqual(Buffer.from(given, 'hex'), expected);
  },

  parse(request: RawRequest, { settings }): ReceivedBatch | null {
    const payload = asObject(parseJson(request.body));
    if (payload?.['object'] !== 'whatsapp_business_account' || !Array.isArray(payload['entry'])) return null;
    const batch: ReceivedBatch = { messages: [], statuses: [], ignored: 0 };
    for (const entry of asObjects(payload['entry'])) {
      for (const change of asList(entry['changes'])) {
        readChange(asObject(change) ?? {}, settings['phone_number_id'], batch);
      }
    }
    return batch;
  },
};

/** What the organisation's people write in WhatsApp's own app comes under a field of its own. */
const ECHOES = 'smb_message_echoes';
const FIELDS: ReadonlySet<unknown> = new Set(['messages', ECHOES]);

/** A change of another field, or for another number than the integration's, counts as one ignored thing. */
function readChange(change: JsonObject, phoneNumberId: string | undefined, batch: ReceivedBatch): void {
  const value = asObject(change['value']);
  const number = asObject(value?.['metadata'])?.['phone_number_id'];
  if (value === null || !FIELDS.has(change['field']) || !phoneNumberId || String(number) !== phoneNumberId) {
    batch.ignored += 1;
    return;
  }
  if (change['field'] === ECHOES) return readEchoes(value, batch);
  const contacts = asObjects(value['contacts']);
  for (const item of asList(value['messages'])) {
    const message = readMessage(asObject(item) ?? {}, contacts);
    if (message === null) batch.ignored += 1;
    else batch.messages.push(message);
  }
  for (const item of asList(value['statuses'])) {
    const status = readStatus(asObject(item) ?? {});
    if (status === null) batch.ignored += 1;
    else batch.statuses.push(status);
  }
  batch.ignored += asList(value['errors']).length;
}

function readEchoes(value: JsonObject, batch: ReceivedBatch): void {
  for (const item of asList(value['message_echoes'])) {
    const reply = readEcho(asObject(item) ?? {});
    if (reply === null) batch.ignored += 1;
    else (batch.replies ??= []).push(reply);
  }
}

/** Hashing first makes both sides equally long, which the constant-time comparison demands. */
function sameText(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
