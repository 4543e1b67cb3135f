import { randomUUID } from 'node:crypto';
import type { BenchChannel } from './bench-stage.ts';
import { pondered } from './pondered.ts';
import type { Receiver } from './receiver.ts';

/** A customer who writes on one channel. */
export interface Customer {
  channel: BenchChannel;
  receiver: Receiver;
  room: string;
}

export interface Answered {
  conversationId: string;
  ackMs: number;
  /** From the post to the reply's arrival. */
  replyMs: number;
}

export function customers(channel: BenchChannel, receiver: Receiver, count: number): Customer[] {
  return Array.from({ length: count }, () => ({ channel, receiver, room: randomUUID() }));
}

/** One message, and its reply. */
export async function converse({ channel, receiver, room }: Customer): Promise<Answered> {
  const messageId = randomUUID();
  const began = performance.now();
  const [{ conversationId, ackMs }, arrived] = await Promise.all([
    channel.post(room, messageId),
    receiver.reply(messageId),
  ]);
  return { conversationId, ackMs, replyMs: arrived - began };
}

/** So many messages one after another, each after the reply to the former and the time to read it. */
export async function converseTimes(customer: Customer, times: number, think = 0): Promise<Answered[]> {
  const answered: Answered[] = [];
  for (let n = 0; n < times; n += 1) {
    answered.push(await converse(customer));
    await pondered(think);
  }
  return answered;
}

/**
 * A burst: each message right after the former's 202, or `gapMs` after it. Resolves when all are answered, whichever
 * turns answer them, with the conversation's id.
 */
export async function burst(
  { channel, receiver, room }: Customer,
  messages: number,
  { gapMs = 0, posted = () => undefined }: { gapMs?: number; posted?: () => void } = {},
): Promise<string> {
  const replies: Promise<number>[] = [];
  let conversation = '';
  for (let n = 0; n < messages; n += 1) {
    if (n > 0 && gapMs > 0) await new Promise((resolve) => setTimeout(resolve, gapMs));
    const messageId = randomUUID();
    replies.push(receiver.reply(messageId));
    conversation = (await channel.post(room, messageId)).conversationId;
  }
  posted();
  await Promise.all(replies);
  return conversation;
}

/** Lets so many at a time through. */
export function openGate(places: number): { enter(): Promise<void>; leave(): void } {
  const queue: (() => void)[] = [];
  let free = places;
  return {
    async enter() {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => queue.push(resolve));
    },
    leave() {
      const next = queue.shift();
      if (next === undefined) free += 1;
      else next();
    },
  };
}
