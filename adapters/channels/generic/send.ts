import type { Delivery, SendOutcome } from '../../../activities/ports.ts';
import type { Egress } from '../../egress/egress.ts';
import { EgressFailure } from '../../egress/egress-failure.ts';
import { retryAfterMs } from '../../egress/retry-after.ts';
import { readSigningKeys, signWebhook } from '../../egress/standard-webhooks.ts';
import type { Sender, SenderParts } from '../sender.ts';

/** Only the status counts; what a receiver says beyond it is not kept. */
const MAX_ANSWER_BYTES = 16_384;

/**
 * Posts a message to the integration's `reply_url` with the body of DESIGN section 11, signed. A repeat carries the same
 * `webhook-id`, so an attempt whose outcome is unknown is simply made again (CHAN-5, `same_key`).
 */
export function genericSender({ egress, clock, timeoutMs }: SenderParts & { egress: Egress }): Sender {
  return async (delivery, { settings, secrets }, signal) => {
    const url = settings['reply_url'];
    if (!url) return { kind: 'failed', code: 'no_reply_url' };
    const keys = readSigningKeys(secrets['signing_secret']);
    if (keys === null) return { kind: 'failed', code: 'no_signing_secret' };
    const body = JSON.stringify(toWire(delivery));
    try {
      const answer = await egress.request({
        method: 'POST',
        url,
        headers: {
          'content-type': 'application/json',
          'user-agent': 'Parley/1',
          ...signWebhook(delivery.outboundId, clock.now(), body, keys),
        },
        body,
        timeoutMs,
        maxResponseBytes: MAX_ANSWER_BYTES,
        signal,
      });
      return outcomeOf(answer.status, retryAfterMs(answer.headers['retry-after'], clock.now()));
    } catch (error) {
      if (error instanceof EgressFailure) return outcomeOfFailure(error);
      throw error;
    }
  };
}

function toWire(delivery: Delivery): Record<string, unknown> {
  return {
    conversation_id: delivery.conversationId,
    room: delivery.room,
    message_id: delivery.outboundId,
    kind: delivery.kind,
    text: delivery.text,
    in_reply_to: delivery.inReplyTo,
    at: delivery.plannedAt.toISOString(),
  };
}

/** Success is 2xx only; a redirect is a failure and 410 says that the receiver is gone for good (Standard Webhooks). */
function outcomeOf(status: number, afterMs: number | null): SendOutcome {
  if (status >= 200 && status < 300) return { kind: 'sent', providerMessageId: null };
  const code = `http_${status}`;
  if (status === 429) return { kind: 'try_again', afterMs, code, mayHaveArrived: false };
  // The receiver may have worked before it failed.
  if (status === 408 || status >= 500) return { kind: 'try_again', afterMs, code, mayHaveArrived: true };
  if (status === 410) return { kind: 'failed', code: 'gone' };
  return { kind: 'failed', code: status < 400 ? 'redirected' : code };
}

function outcomeOfFailure(failure: EgressFailure): SendOutcome {
  // The head of the answer came; a body that stays away or breaks off changes nothing.
  if (failure.status !== null) return outcomeOf(failure.status, null);
  switch (failure.code) {
    case 'bad_url':
      return { kind: 'failed', code: 'bad_reply_url' };
    case 'bad_request':
    case 'blocked_destination':
      return { kind: 'failed', code: failure.code };
    default:
      return {
        kind: 'try_again',
        afterMs: null,
        code: failure.mayHaveArrived ? 'outcome_unknown' : failure.code,
        mayHaveArrived: failure.mayHaveArrived,
      };
  }
}
