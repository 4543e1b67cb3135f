import { createHmac, randomBytes } from 'node:crypto';
import type { Answer, Journey } from './open-journey.ts';

/** What Meta knows of one phone number of ours. */
export interface MetaNumber {
  channel: string;
  phoneNumberId: string;
  appSecret: string;
  verifyToken: string;
  accessToken: string;
}

/** A message that went to the stand-in of the Graph API. */
export interface Sent {
  id: string;
  version: string;
  phone_number_id: string;
  authorization: string;
  to?: string;
  recipient?: string;
  biz_opaque_callback_data: string;
  body: Record<string, unknown> & { text: { body: string } };
}

/** A WhatsApp channel for an agent, known to the stand-in, which sends no statuses by itself. */
export async function openMetaNumber(journey: Journey, agent: string): Promise<MetaNumber> {
  const phoneNumberId = `1${String(randomBytes(6).readUIntBE(0, 6)).padStart(15, '0')}`;
  const secret = () => randomBytes(16).toString('hex');
  const number = { phoneNumberId, appSecret: secret(), verifyToken: secret(), accessToken: `EAA${secret()}` };
  const channel = await journey.makeChannel({
    kind: 'whatsapp',
    agent_id: agent,
    settings: { phone_number_id: phoneNumberId },
    secrets: {
      app_secret: number.appSecret,
      verify_token: number.verifyToken,
      access_token: number.accessToken,
    },
  });
  await journey.standIn('POST', '/whatsapp/control', {
    numbers: {
      [phoneNumberId]: {
        webhook_url: `${journey.api}/webhooks/whatsapp/${channel}`,
        app_secret: number.appSecret,
        access_token: number.accessToken,
        statuses: 'none',
      },
    },
  });
  return { channel, ...number };
}

/** A text message's webhook with everything Meta documents around it, escaped as Meta does. */
export function textWebhook(
  number: MetaNumber,
  message: { id: string; text: string; name: string; waId?: string; userId?: string; seconds?: number },
): string {
  const { id, text, name, waId, userId, seconds = Math.floor(Date.now() / 1000) } = message;
  return webhook(number, {
    contacts: [
      {
        profile: { name },
        ...(waId === undefined ? {} : { wa_id: waId }),
        ...(userId === undefined ? {} : { user_id: userId }),
      },
    ],
    messages: [
      {
        ...(waId === undefined ? {} : { from: waId }),
        ...(userId === undefined ? {} : { from_user_id: userId }),
        id,
        timestamp: String(seconds),
        text: { body: text },
        type: 'text',
      },
    ],
  });
}

/** A status webhook for a message of ours. */
export function statusWebhook(
  number: MetaNumber,
  sent: Sent,
  status: 'sent' | 'delivered' | 'read' | 'failed',
  errors?: object[],
): string {
  return webhook(number, {
    statuses: [
      {
        id: sent.id,
        status,
        timestamp: String(Math.floor(Date.now() / 1000)),
        recipient_id: sent.to,
        biz_opaque_callback_data: sent.biz_opaque_callback_data,
        ...(errors === undefined
          ? {
              conversation: { id: randomBytes(16).toString('hex'), origin: { type: 'service' } },
              pricing: {
                billable: false,
                pricing_model: 'PMP',
                type: 'free_customer_service',
                category: 'service',
              },
            }
          : { errors }),
      },
    ],
  });
}

/** Any value in Meta's envelope, as the bytes on the wire: slashes and all beyond ASCII are escaped. */
export function webhook(number: MetaNumber, value: object): string {
  const whole = {
    object: 'whatsapp_business_account',
    entry: [
      {
        id: '102290129340398',
        changes: [
          {
            value: {
              messaging_product: 'whatsapp',
              metadata: { display_phone_number: '15550783881', phone_number_id: number.phoneNumberId },
              ...value,
            },
            field: 'messages',
          },
        ],
      },
    ],
  };
  return JSON.stringify(whole)
    .replaceAll('/', '\\/')
    .replaceAll(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

export function signatureOf(number: MetaNumber, body: string | Uint8Array): string {
  return `sha256=${createHmac('sha256', number.appSecret).update(body).digest('hex')}`;
}

/** Posts a webhook as Meta does; `signature` only where it is to be a wrong one. */
export function deliver(
  journey: Journey,
  number: MetaNumber,
  body: string,
  signature = signatureOf(number, body),
): Promise<Answer> {
  return journey.call('POST', `/webhooks/whatsapp/${number.channel}`, {
    body,
    headers: { 'x-hub-signature-256': signature, 'user-agent': 'facebookexternalua' },
  });
}

/** What was sent over the number so far, oldest first. */
export async function sentOver(journey: Journey, number: MetaNumber): Promise<Sent[]> {
  const { entries } = await journey.standIn('GET', '/whatsapp/journal');
  return (entries as (Sent & { kind: string })[]).filter(
    (entry) => entry.kind === 'message' && entry.phone_number_id === number.phoneNumberId,
  );
}
