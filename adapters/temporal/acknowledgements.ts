/** Writes that Temporal has taken these rows' signals. */
export type WriteAcknowledged = (
  rows: readonly { organisationId: string; rowId: string }[],
  now: Date,
) => Promise<void>;

const FLUSH_MS = 500;
/** Beyond this, acknowledgements are forgotten: the relay then signals those rows once more, harmlessly. */
const KEPT = 10_000;

/**
 * Collects acknowledgements and writes them in batches, off the path of the requests. A batch that cannot be
 * written is kept for the next flush.
 */
export function collectAcknowledgements(write: WriteAcknowledged, clock: { now(): Date }) {
  let waiting: { organisationId: string; rowId: string }[] = [];
  let writing: Promise<void> = Promise.resolve();

  const flush = (): Promise<void> => {
    const batch = waiting;
    waiting = [];
    if (batch.length === 0) return writing;
    writing = writing
      .then(() => write(batch, clock.now()))
      .catch(() => {
        waiting = [...batch, ...waiting].slice(0, KEPT);
      });
    return writing;
  };
  const timer = setInterval(() => void flush(), FLUSH_MS);
  timer.unref();

  return {
    add(organisationId: string, rowId: string): void {
      if (waiting.length < KEPT) waiting.push({ organisationId, rowId });
    },
    async close(): Promise<void> {
      clearInterval(timer);
      await flush();
    },
  };
}
