/** How long an agent waits for more messages before it answers (CONV-3). Milliseconds; a wait of 0 means none. */
export interface BufferPolicy {
  waitMs: number;
  capMs: number;
}

/** A message that waits for its turn; `at` is when the conversation saw it, in epoch milliseconds. */
export interface Buffered {
  id: string;
  seq: number;
  /** The conversation's epoch when it was committed. */
  epoch: number;
  at: number;
}

/**
 * When the buffered messages are due to be answered, in epoch milliseconds; null when nothing waits.
 * Each message restarts the wait, the cap counts from the first. Later messages never make it earlier.
 */
export function bufferDue(buffer: readonly { at: number }[], policy: BufferPolicy): number | null {
  const first = buffer[0];
  const last = buffer.at(-1);
  if (first === undefined || last === undefined) return null;
  return Math.min(last.at + policy.waitMs, first.at + Math.max(policy.capMs, policy.waitMs));
}
