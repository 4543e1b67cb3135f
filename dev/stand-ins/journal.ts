/** A record of what came in: numbered from 1 for ever, holding the newest `limit` entries only. */
export interface Journal<T> {
  add(entry: T): number;
  /** Entries numbered above `after`, oldest first, at most `most`. */
  after(after: number, most: number): (T & { n: number })[];
  /** The number of the newest entry ever added; clearing does not start it again. */
  last(): number;
  /** How many entries were pushed out by newer ones. */
  forgotten(): number;
  clear(): void;
}

/** A ring, so that a bench that fills it neither slows down nor grows. */
export function openJournal<T extends object>(limit: number): Journal<T> {
  let ring: (T | undefined)[] = [];
  let last = 0;
  let first = 1;
  let forgotten = 0;
  return {
    add(entry) {
      last += 1;
      ring[last % limit] = entry;
      if (last - first >= limit) {
        first += 1;
        forgotten += 1;
      }
      return last;
    },
    after(after, most) {
      const entries: (T & { n: number })[] = [];
      for (let n = Math.max(after + 1, first); n <= last && entries.length < most; n++) {
        entries.push({ n, ...(ring[n % limit] as T) });
      }
      return entries;
    },
    last: () => last,
    forgotten: () => forgotten,
    clear() {
      ring = [];
      first = last + 1;
      forgotten = 0;
    },
  };
}

/** `{entries, last, forgotten}` for a query such as `after=12&limit=500` (limit 1,000 unless told). */
export function readJournal<T extends object>(journal: Journal<T>, query: string): object {
  const wanted = new URLSearchParams(query);
  const entries = journal.after(Number(wanted.get('after') ?? 0), Number(wanted.get('limit') ?? 1000));
  return { entries, last: journal.last(), forgotten: journal.forgotten() };
}
