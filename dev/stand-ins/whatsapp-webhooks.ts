import { createHmac } from 'node:crypto';
import { Agent, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { webhookError } from './whatsapp-errors.ts';

/** Where Meta would post the webhooks of one phone number, and with which secret it would sign them. */
export interface WebhookTarget {
  url: string;
  appSecret: string;
  phoneNumberId: string;
  displayPhoneNumber: string;
  wabaId: string;
}

/** Whom a message went to: a phone's WhatsApp id, or the business-scoped user id of 2026. */
export type Recipient = { wa_id: string } | { user_id: string };

/** The envelope that wraps every webhook: all four levels are lists (Meta, webhooks reference). */
export function envelope(target: WebhookTarget, value: object, field = 'messages'): object {
  const metadata = {
    display_phone_number: target.displayPhoneNumber,
    phone_number_id: target.phoneNumberId,
  };
  const whole = { messaging_product: 'whatsapp', metadata, ...value };
  return {
    object: 'whatsapp_business_account',
    entry: [{ id: target.wabaId, changes: [{ value: whole, field }] }],
  };
}

/** The value of one status webhook. `step` is sent, delivered, read, or `failed:<code>`. */
export function statusValue(
  id: string,
  step: string,
  to: Recipient,
  callbackData: string | undefined,
): object {
  const [status = '', code] = step.split(':');
  const failed = status === 'failed';
  return {
    ...(!failed && { contacts: [to] }),
    statuses: [
      {
        id,
        status,
        timestamp: String(Math.floor(Date.now() / 1000)),
        ...('wa_id' in to ? { recipient_id: to.wa_id } : { recipient_user_id: to.user_id }),
        ...(callbackData !== undefined && { biz_opaque_callback_data: callbackData }),
        ...(failed
          ? { errors: [webhookError(Number(code ?? 131026))] }
          : { pricing: { billable: false, pricing_model: 'PMP', category: 'service' } }),
      },
    ],
  };
}

/**
 * The raw body and headers of a webhook as Meta sends it: slashes and non-ASCII letters escaped, so that a receiver
 * that checks the signature over re-serialised JSON is found out.
 */
export function signedWebhook(
  target: WebhookTarget,
  value: object,
  field?: string,
): { body: string; headers: Record<string, string> } {
  const body = JSON.stringify(envelope(target, value, field))
    .replaceAll('/', '\\/')
    .replace(/[\u007f-\uffff]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const signature = createHmac('sha256', target.appSecret).update(body).digest('hex');
  const headers = { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` };
  return { body, headers };
}

const agent = new Agent({ keepAlive: true, maxSockets: 16 });
const ANSWER_WITHIN_MS = 10_000;

/** Posts once; answers with the HTTP status, or null when no answer came. */
export function postWebhook(
  url: string,
  body: string,
  headers: Record<string, string>,
): Promise<number | null> {
  return new Promise((answered) => {
    const secure = url.startsWith('https:');
    const options = { method: 'POST', headers: { ...headers, 'content-length': Buffer.byteLength(body) } };
    const request = secure ? httpsRequest(url, options) : httpRequest(url, { ...options, agent });
    request.setTimeout(ANSWER_WITHIN_MS, () => request.destroy());
    request.on('error', () => answered(null));
    request.on('response', (response) => {
      response.resume();
      response.on('error', () => answered(null));
      response.on('end', () => answered(response.statusCode ?? null));
    });
    request.end(body);
  });
}

/** Meta repeats an unanswered webhook for days; here the pauses are shortened and the last comes after a minute. */
const PAUSES_MS = [200, 500, 1000, 2000, 4000, 8000, 15_000, 30_000];

export interface Postman {
  /** Posts until a 200 comes or the tries are used up; resolves after the first try. */
  deliver(url: string, body: string, headers: Record<string, string>): Promise<void>;
  /** Gives up what is still owed. */
  forget(): void;
}

/** Delivers webhooks at least once; `tried` hears of every try. */
export function openPostman(
  tried: (answered: number | null, attempt: number, body: string) => void,
): Postman {
  const owed = new Set<NodeJS.Timeout>();
  let epoch = 0;

  async function attempt(
    url: string,
    body: string,
    headers: Record<string, string>,
    n: number,
  ): Promise<void> {
    const begun = epoch;
    const answered = await postWebhook(url, body, headers);
    if (begun !== epoch) return;
    tried(answered, n, body);
    const pause = PAUSES_MS[n - 1];
    if (answered === 200 || pause === undefined) return;
    const timer = setTimeout(() => {
      owed.delete(timer);
      void attempt(url, body, headers, n + 1);
    }, pause);
    owed.add(timer);
  }

  return {
    deliver: (url, body, headers) => attempt(url, body, headers, 1),
    forget() {
      epoch += 1;
      for (const timer of owed) clearTimeout(timer);
      owed.clear();
    },
  };
}
