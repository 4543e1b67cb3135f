import { createHash, randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { json, openFaults, send, type Answer, type Fault, type FaultSettings } from './faults.ts';
import { openJournal, readJournal } from './journal.ts';
import type { LocalCall } from './local-http-server.ts';
import { jsonBody, type StandIn, type StandInSettings } from './stand-in.ts';
import { codeOfStatus, metaError, statusOfCode } from './whatsapp-errors.ts';
import { whatIsWrongWithSend } from './whatsapp-message-shape.ts';
import { openNumberSettings, targetOf } from './whatsapp-settings.ts';
import { openStatusReports } from './whatsapp-status-reports.ts';
import { postWebhook, signedWebhook, type Recipient } from './whatsapp-webhooks.ts';

interface WhatsAppFault extends Fault {
  /** One of Meta's error codes; its HTTP status follows from it unless given. */
  code?: number;
}

type Fields = Record<string, unknown>;

const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const MEDIA_URL_LIVES_MS = 5 * 60 * 1000;
const VERSION = /^v\d+\.\d+$/;

/**
 * Meta's Graph API as far as a WhatsApp conversation needs it: `POST /{version}/{phone-number-id}/messages`,
 * `GET /{version}/{media-id}`, and the signed webhooks that follow. Beside it, for tests: `control`, `journal` (what
 * was taken), `refused` (what a fault or a check turned away), `webhooks` (every try of every webhook), `customer` and
 * `app` (post what a customer, or a person of the organisation in WhatsApp's own app, wrote, as Meta would).
 */
export function openWhatsAppGraph({ url, journalLimit }: StandInSettings): StandIn {
  const faults = openFaults<WhatsAppFault>(['code']);
  const numbers = openNumberSettings(process.env);
  const taken = openJournal<Fields>(journalLimit);
  const refused = openJournal<Fields>(journalLimit);
  const webhooks = openJournal<Fields>(journalLimit);
  const media = new Map<string, { mime_type: string; bytes: Buffer }>();
  const mediaLinks = new Map<string, { id: string; until: number }>();
  const reports = openStatusReports(numbers.of, (answered, attempt, body) =>
    webhooks.add({ at: Date.now(), answered, attempt, body: JSON.parse(body) as unknown }),
  );
  const startMedia = (): void => {
    media.clear();
    media.set('sample-image', { mime_type: 'image/png', bytes: Buffer.from(PIXEL, 'base64') });
  };
  startMedia();

  const refuse = (call: LocalCall, why: string, answer: Answer): Answer => {
    refused.add({
      at: Date.now(),
      path: call.path,
      why,
      status: answer.status,
      authorization: call.headers.authorization,
    });
    return answer;
  };

  const authorised = (call: LocalCall, wanted: string): boolean => {
    const token = /^Bearer (.+)$/.exec(call.headers.authorization ?? '')?.[1];
    return token !== undefined && (wanted === '' || token === wanted);
  };

  function takeSend(call: LocalCall, version: string, phoneNumberId: string): Answer {
    if (!authorised(call, numbers.of(phoneNumberId).access_token))
      return refuse(call, 'token', metaError(190));
    let body: Fields;
    try {
      body = jsonBody(call);
    } catch (error) {
      return refuse(call, 'body', metaError(100, (error as Error).message));
    }
    const wrong = whatIsWrongWithSend(body);
    if (wrong !== undefined) return refuse(call, wrong, metaError(100, wrong));

    const read = body.status === 'read';
    const id = `wamid.${randomBytes(24).toString('base64url')}`;
    taken.add({
      at: Date.now(),
      kind: read ? (body.typing_indicator === undefined ? 'read' : 'typing') : 'message',
      version,
      phone_number_id: phoneNumberId,
      authorization: call.headers.authorization,
      ...(!read && { id, to: body.to, recipient: body.recipient, type: body.type ?? 'text' }),
      biz_opaque_callback_data: body.biz_opaque_callback_data,
      body,
    });
    if (read) return json(200, { success: true });

    const input = (body.to ?? body.recipient) as string;
    const to: Recipient = body.to === undefined ? { user_id: input } : { wa_id: input.replace(/\D/g, '') };
    reports.report(phoneNumberId, id, to, body.biz_opaque_callback_data as string | undefined);
    return json(200, { messaging_product: 'whatsapp', contacts: [{ input, ...to }], messages: [{ id }] });
  }

  function describeMedia(call: LocalCall, id: string): Answer {
    if (!authorised(call, '')) return refuse(call, 'token', metaError(190));
    const file = media.get(id);
    if (file === undefined) return metaError(100, `Object with ID '${id}' does not exist`);
    const link = randomBytes(12).toString('hex');
    mediaLinks.set(link, { id, until: Date.now() + MEDIA_URL_LIVES_MS });
    return json(200, {
      messaging_product: 'whatsapp',
      url: `${url()}/whatsapp/media-files/${link}`,
      mime_type: file.mime_type,
      sha256: createHash('sha256').update(file.bytes).digest('hex'),
      file_size: String(file.bytes.length),
      id,
    });
  }

  function downloadMedia(call: LocalCall, link: string): Answer {
    if (!authorised(call, '')) return refuse(call, 'token', metaError(190));
    const found = mediaLinks.get(link);
    const file = found && found.until > Date.now() ? media.get(found.id) : undefined;
    if (file === undefined) return { status: 404, body: '' };
    return { status: 200, headers: { 'content-type': file.mime_type }, body: file.bytes };
  }

  /** `{phone_number_id, wa_id? or user_id?, name?, text? or message?, id?, timestamp?}`; answers what the receiver did. */
  async function customerWrites(call: LocalCall): Promise<Answer> {
    const { phone_number_id: number, wa_id, user_id, name, text, message, id, timestamp } = jsonBody(call);
    const target = targetOf(numbers.of(String(number)), String(number));
    if (target === undefined) return json(409, { error: 'no webhook_url is set for this number' });
    const messageId = id ?? `wamid.${randomBytes(24).toString('base64url')}`;
    const value = {
      contacts: [{ profile: { name: name ?? 'Customer' }, ...{ wa_id, user_id } }],
      messages: [
        {
          ...(wa_id !== undefined ? { from: wa_id } : { from_user_id: user_id }),
          id: messageId,
          timestamp: String(timestamp ?? Math.floor(Date.now() / 1000)),
          ...((message as object | undefined) ?? { type: 'text', text: { body: text } }),
        },
      ],
    };
    const { body, headers } = signedWebhook(target, value);
    const answered = await postWebhook(target.url, body, headers);
    return json(200, { id: messageId, answered });
  }

  /** `{phone_number_id, wa_id or user_id, text? or message?, id?, timestamp?}`; answers what the receiver did. */
  async function personWrites(call: LocalCall): Promise<Answer> {
    const { phone_number_id: number, wa_id, user_id, text, message, id, timestamp } = jsonBody(call);
    const target = targetOf(numbers.of(String(number)), String(number));
    if (target === undefined) return json(409, { error: 'no webhook_url is set for this number' });
    const messageId = id ?? `wamid.${randomBytes(24).toString('base64url')}`;
    const echo = {
      from: target.displayPhoneNumber,
      ...(wa_id !== undefined && { to: wa_id }),
      ...(user_id !== undefined && { to_user_id: user_id }),
      id: messageId,
      timestamp: String(timestamp ?? Math.floor(Date.now() / 1000)),
      ...((message as object | undefined) ?? { type: 'text', text: { body: text } }),
    };
    const { body, headers } = signedWebhook(target, { message_echoes: [echo] }, 'smb_message_echoes');
    const answered = await postWebhook(target.url, body, headers);
    return json(200, { id: messageId, answered });
  }

  function control(call: LocalCall): Answer {
    if (call.method === 'GET') return json(200, { ...faults.left(), ...numbers.shown() });
    const {
      reset,
      latency_ms,
      fail,
      media: files,
      ...rest
    } = call.method === 'DELETE' ? { reset: true } : jsonBody(call);
    if (reset === true) {
      faults.reset();
      numbers.reset();
      reports.forget();
      startMedia();
    }
    numbers.set(rest);
    faults.set(withStatuses({ latency_ms, fail } as FaultSettings<WhatsAppFault>));
    for (const [id, file] of Object.entries(
      (files ?? {}) as Record<string, { mime_type: string; base64: string }>,
    )) {
      media.set(id, { mime_type: file.mime_type, bytes: Buffer.from(file.base64, 'base64') });
    }
    return json(200, { ...faults.left(), ...numbers.shown() });
  }

  function handle(path: string[], call: LocalCall, response: ServerResponse): void {
    const route = `${call.method} ${path.length === 1 ? path[0] : ''}`;
    const [first = '', second = '', third] = path;
    if (first === 'control')
      send(
        response,
        tryControl(() => control(call)),
      );
    else if (route === 'GET journal') send(response, json(200, readJournal(taken, call.query)));
    else if (route === 'GET refused') send(response, json(200, readJournal(refused, call.query)));
    else if (route === 'GET webhooks') send(response, json(200, readJournal(webhooks, call.query)));
    else if (route === 'DELETE journal') {
      for (const journal of [taken, refused, webhooks]) journal.clear();
      response.writeHead(204).end();
    } else if (route === 'POST customer' || route === 'POST app') {
      (first === 'app' ? personWrites(call) : customerWrites(call)).then(
        (answer) => send(response, answer),
        (error: Error) => send(response, json(400, { error: error.message })),
      );
    } else if (call.method === 'GET' && first === 'media-files') {
      faults.answer(call, response, () => downloadMedia(call, second));
    } else if (call.method === 'POST' && VERSION.test(first) && third === 'messages') {
      faults.answer(
        call,
        response,
        () => takeSend(call, first, second),
        (fault) => {
          const answer = metaError(fault.code ?? codeOfStatus(fault.status ?? 500), undefined, fault.status);
          return fault.when === 'after' ? answer : refuse(call, 'fault', answer);
        },
      );
    } else if (call.method === 'GET' && VERSION.test(first) && path.length === 2) {
      faults.answer(call, response, () => describeMedia(call, second));
    } else {
      send(response, metaError(100, `Unknown path components: /${path.join('/')}`, 404));
    }
  }

  return { name: 'whatsapp', handle, close: reports.forget };
}

function withStatuses({ latency_ms, fail }: FaultSettings<WhatsAppFault>): FaultSettings<WhatsAppFault> {
  const complete = (fault: WhatsAppFault): WhatsAppFault =>
    fault.code === undefined ? fault : { status: statusOfCode(fault.code), ...fault };
  return { latency_ms, fail: Array.isArray(fail) ? fail.map(complete) : fail };
}

function tryControl(change: () => Answer): Answer {
  try {
    return change();
  } catch (error) {
    return json(400, { error: (error as Error).message });
  }
}
