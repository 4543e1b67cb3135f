import { cpuSeconds, used } from '../measure/cpu.ts';
import type { BenchChannel, BenchStage, ProductPart } from './bench-stage.ts';
import { burst, converseTimes, customers, openGate } from './play.ts';

export interface ProductRun {
  /** CPU seconds by part. */
  cpu: Record<ProductPart, number>;
  /** From the first post to the last reply. */
  seconds: number;
}

export interface LoadSize {
  conversations: number;
  messages: number;
  /** Between a reply and the customer's next message, in milliseconds; absent: none. */
  think?: number;
}

/** Messages that a customer writes in one go when they are answered together. */
const BURST = 5;
/** Customers who are in the middle of a burst at one time. */
const WRITING = 16;

/** Each message a turn of its own: all customers at once, the next message after the reply to the former. */
export function runSingly(
  bench: BenchStage,
  channel: BenchChannel,
  { conversations, messages, think }: LoadSize,
): Promise<ProductRun> {
  return measured(bench, async () => {
    const all = customers(channel, bench.receiver, conversations);
    await Promise.all(all.map((customer) => converseTimes(customer, messages, think)));
  });
}

/** Messages grouped into turns by the agent's wait: bursts of five, the next one after the answer to the former. */
export function runGrouped(
  bench: BenchStage,
  channel: BenchChannel,
  { conversations, messages }: LoadSize,
): Promise<ProductRun> {
  return measured(bench, async () => {
    const gate = openGate(WRITING);
    await Promise.all(
      customers(channel, bench.receiver, conversations).map(async (customer) => {
        for (let sent = 0; sent < messages; sent += BURST) {
          await gate.enter();
          await burst(customer, Math.min(BURST, messages - sent), { posted: () => gate.leave() });
        }
      }),
    );
  });
}

async function measured(bench: BenchStage, work: () => Promise<void>): Promise<ProductRun> {
  const before = cpuSeconds(bench.pids());
  const began = performance.now();
  await work();
  const seconds = (performance.now() - began) / 1000;
  return { cpu: used(before, cpuSeconds(bench.pids())), seconds };
}
