import type { Delivery, SendOutcome } from '../../../activities/ports.ts';
import type { Egress } from '../../egress/egress.ts';
import { EgressFailure } from '../../egress/egress-failure.ts';
import type { EgressAnswer } from '../../egress/exchange.ts';
import { retryAfterMs } from '../../egress/retry-after.ts';
import type { Sender, SenderParts } from '../sender.ts';
import { addressOf } from './customer-ids.ts';
import { outcomeOfRefusal } from './graph-error.ts';
import { GRAPH_VERSION } from './graph-version.ts';
import { asId, asObject, asObjects, parseJson } from './loose-json.ts';

/** Meta's limit for the body of a text message, in characters. */
const LONGEST_TEXT = 4096;
const MAX_ANSWER_BYTES = 65_536;

/**
 * Sends through the Cloud API, with the phone number id and the access token of the integration (CHAN-3).
 * Meta knows no idempotency key, so a call that may have arrived is `unknown` and never made again; our outbound
 * id travels in `biz_opaque_callback_data`, which status webhooks bring back (CHAN-5, `never`).
 * https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages/
 */
export function whatsappSender(parts: SenderParts & { egress: Egress; graphUrl: string }): Sender {
  const { egress, graphUrl, clock, timeoutMs } = parts;
  return async (delivery, { settings, secrets }, signal) => {
    const phoneNumberId = settings['phone_number_id'];
    const token = secrets['access_token'];
    const address = addressOf(delivery.contactIds);
    if (!phoneNumberId) return { kind: 'failed', code: 'no_phone_number_id' };
    if (!token) return { kind: 'failed', code: 'no_access_token' };
    if (address === null) return { kind: 'failed', code: 'no_address' };
    try {
      const answer = await egress.request({
        method: 'POST',
        url: `${graphUrl}/${GRAPH_VERSION}/${encodeURIComponent(phoneNumberId)}/messages`,
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          'user-agent': 'Parley/1',
        },
        body: JSON.stringify(toGraph(delivery, address)),
        timeoutMs,
        maxResponseBytes: MAX_ANSWER_BYTES,
        signal,
      });
      return outcomeOf(answer, delivery.attempt, clock.now());
    } catch (error) {
      if (error instanceof EgressFailure) return outcomeOfFailure(error);
      throw error;
    }
  };
}

/** The newest message that is answered is quoted, so that the customer sees which one that is. */
function toGraph(delivery: Delivery, address: Record<string, string>): Record<string, unknown> {
  const answered = delivery.inReplyTo.at(-1);
  return {
    messaging_product: 'whatsapp',
    recipient_type: 'individual',
    ...address,
    ...(answered === undefined ? {} : { context: { message_id: answered } }),
    type: 'text',
    text: { body: fitText(delivery.text), preview_url: false },
    biz_opaque_callback_data: delivery.outboundId,
  };
}

/** Text beyond Meta's limit would be refused whole: it is cut at the last space before it and ends in an ellipsis. */
export function fitText(text: string): string {
  if (text.length <= LONGEST_TEXT) return text;
  const room = text.slice(0, LONGEST_TEXT - 1);
  const space = room.search(/\s\S*$/);
  // A cut between the halves of a character outside the basic plane would leave half of it.
  const whole = space > LONGEST_TEXT - 200 ? room.slice(0, space) : room.replace(/[\ud800-\udbff]$/, '');
  return `${whole.trimEnd()}…`;
}

function outcomeOf(answer: EgressAnswer, attempt: number, now: Date): SendOutcome {
  const { status, body } = answer;
  if (status < 200 || status >= 300) {
    const afterMs = retryAfterMs(answer.headers['retry-after'], now);
    return outcomeOfRefusal({ status, body, afterMs, attempt });
  }
  const providerMessageId = asId(asObjects(asObject(parseJson(body))?.['messages'])[0]?.['id']);
  // Accepted, it seems, but by something that does not answer as Meta does; a status webhook can still settle it.
  if (providerMessageId === null) return { kind: 'unknown', code: 'answer_unreadable' };
  return { kind: 'sent', providerMessageId };
}

function outcomeOfFailure(failure: EgressFailure): SendOutcome {
  if (failure.mayHaveArrived) return { kind: 'unknown', code: failure.code };
  if (failure.code === 'bad_request') return { kind: 'failed', code: 'bad_access_token' };
  if (failure.code === 'bad_url' || failure.code === 'blocked_destination')
    return { kind: 'failed', code: failure.code };
  return { kind: 'try_again', afterMs: null, code: failure.code, mayHaveArrived: false };
}
