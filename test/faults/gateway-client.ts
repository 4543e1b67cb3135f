import { pause } from './eventually.ts';
import type { DevFile } from '../../dev/stage-memory.ts';

/** A customer's message as the outside program that posts it knows it. */
export interface Posted {
  id: string;
  room: string;
  /** When the customer wrote it, by the outside program's clock. */
  at: Date;
  text: string;
}

export interface PostOutcome {
  /** Of each try, in order: the HTTP status, or 0 where there was no answer. */
  statuses: number[];
  /** True where an answer of 503 lacked Retry-After. */
  missedRetryAfter: boolean;
  conversationId: string;
  ackMs: number;
}

/**
 * Posts like a provider: again and again until a 2xx comes, honouring Retry-After.
 * @throws Error when the answer is one that no repetition would better, or the deadline has passed
 */
export async function post(dev: DevFile, message: Posted, deadlineMs = 120_000): Promise<PostOutcome> {
  const statuses: number[] = [];
  let missedRetryAfter = false;
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const began = performance.now();
    const { status, retryAfterSeconds, conversationId } = await postOnce(dev, message);
    const now = performance.now();
    statuses.push(status);
    if (status >= 200 && status < 300)
      return { statuses, missedRetryAfter, conversationId, ackMs: now - began };
    const told = `message ${message.id} was not taken: ${statuses.join(', ')}`;
    if ((status >= 400 && status < 500 && status !== 429) || now > deadline) throw new Error(told);
    if (status === 503 && retryAfterSeconds === null) missedRetryAfter = true;
    await pause(retryAfterSeconds === null ? 100 : retryAfterSeconds * 1000);
  }
}

interface Answer {
  status: number;
  retryAfterSeconds: number | null;
  conversationId: string;
}

async function postOnce(dev: DevFile, message: Posted): Promise<Answer> {
  try {
    const response = await fetch(`${dev.api}/v1/channels/${dev.channels.generic}/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${dev.keys.gateway}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        id: message.id,
        room: message.room,
        customer: { id: `customer-of-${message.room}`, name: 'Dewi' },
        text: message.text,
        at: message.at.toISOString(),
      }),
      signal: AbortSignal.timeout(20_000),
    });
    const body = (await response.json()) as { conversation_id?: string };
    const retryAfter = response.headers.get('retry-after');
    return {
      status: response.status,
      retryAfterSeconds: retryAfter === null ? null : Number(retryAfter),
      conversationId: body.conversation_id ?? '',
    };
  } catch {
    // No answer, or half of one: a provider cannot know what happened, and posts again.
    return { status: 0, retryAfterSeconds: null, conversationId: '' };
  }
}

let made = 0;

/** A message written now, with an id of its own. */
export function messageIn(room: string, text = 'hello', at = new Date()): Posted {
  made += 1;
  return { id: `${room}/${made}`, room, at, text };
}
