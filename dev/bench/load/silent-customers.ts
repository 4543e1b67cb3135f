import { randomUUID } from 'node:crypto';
import type { BenchChannel } from './bench-stage.ts';
import { openGate } from './play.ts';
import type { Receiver } from './receiver.ts';

/** A customer who has had an answer and says nothing more. */
export interface SilentCustomer {
  room: string;
  /** When the idle step is due, as Date.now() counts: not later than it truly is. */
  dueAt: number;
}

/** Customers whose idle steps are due at about the same time: a channel whose agent's rule is theirs alone. */
export interface SilentGroup {
  channel: BenchChannel;
  rooms: string[];
}

/** Who are in the middle of a message at one time. */
const WRITING = 32;

/**
 * Lets customers have an answer and fall silent, in such a way that the groups' steps are due evenly from `from` on:
 * each group's rule waits for as long as it still is until its time when its customers write.
 * @returns once all are answered @throws Error when that took until the first step was due
 */
export async function fallSilent(
  groups: readonly SilentGroup[],
  receiver: Receiver,
  { from, spreadMs }: { from: number; spreadMs: number },
): Promise<SilentCustomer[]> {
  const gate = openGate(WRITING);
  const silent: Promise<SilentCustomer>[] = [];
  for (const [index, { channel, rooms }] of groups.entries()) {
    const due = from + (spreadMs * index) / groups.length;
    // The former group has all begun to write.
    await gate.enter();
    gate.leave();
    const seconds = Math.max(Math.ceil((due - Date.now()) / 1_000), 1);
    await channel.change({
      idle_rule: { steps: [{ action: 'follow_up', duration: seconds, message: 'Are you still there?' }] },
    });
    for (const room of rooms) {
      await gate.enter();
      const dueAt = Date.now() + seconds * 1_000;
      const messageId = randomUUID();
      const answered = Promise.all([channel.post(room, messageId), receiver.reply(messageId)]);
      silent.push(answered.finally(() => gate.leave()).then(() => ({ room, dueAt })));
    }
  }
  const all = await Promise.all(silent);
  if (Date.now() >= from) throw new Error('the first steps were due before all customers were silent');
  return all;
}
