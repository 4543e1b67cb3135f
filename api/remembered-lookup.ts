import type { Caller, Lookup, ReceivingIntegration } from './ports.ts';

/** The look-ups, asked once in a while instead of once per message. */
export interface RememberedLookup extends Lookup {
  /** After a change of keys, sessions or channels made by this process. */
  forget(): void;
}

/**
 * How long an answer is believed: a key revoked, a session ended or a channel switched off through another process
 * stops working after this at the latest.
 */
export const BELIEVED_MS = 5_000;
const MAX_REMEMBERED = 10_000;

/** Unknown is remembered too; a failing look-up is not. */
export function rememberLookup(lookup: Lookup, clock: { now(): Date }): RememberedLookup {
  const keys = remember<Caller | null>((key) => lookup.apiKey(key), clock);
  const sessions = remember<Caller | null>((token) => lookup.session(token), clock);
  const integrations = remember<ReceivingIntegration | null>((id) => lookup.channelIntegration(id), clock);
  return {
    apiKey: keys.get,
    refusedKey: (key) => lookup.refusedKey(key),
    session: sessions.get,
    channelIntegration: integrations.get,
    forget() {
      keys.clear();
      sessions.clear();
      integrations.clear();
    },
  };
}

function remember<T>(ask: (key: string) => Promise<T>, clock: { now(): Date }) {
  const known = new Map<string, { answer: Promise<T>; until: number }>();
  return {
    get(key: string): Promise<T> {
      const now = clock.now().getTime();
      const hit = known.get(key);
      if (hit !== undefined && now < hit.until) return hit.answer;
      const entry = { answer: ask(key), until: now + BELIEVED_MS };
      known.delete(key);
      known.set(key, entry);
      entry.answer.catch(() => {
        if (known.get(key) === entry) known.delete(key);
      });
      if (known.size > MAX_REMEMBERED) {
        const oldest = known.keys().next().value;
        if (oldest !== undefined) known.delete(oldest);
      }
      return entry.answer;
    },
    clear: () => known.clear(),
  };
}
