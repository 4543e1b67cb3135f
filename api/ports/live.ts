import type { Caller } from './caller.ts';

/** What was published, in the order in which readers hear of it (APR-7). */
export interface LiveFeed {
  /** Where the newest event stands, and how many there are after `since`, counted up to `most` + 1. */
  newest(caller: Caller, since: number, most: number): Promise<{ position: number; missed: number }>;
  /** What stands after a position, oldest first, a part at a time. Watch before you ask. */
  after(caller: Caller, position: number): Promise<readonly LiveEvent[]>;
  /** Calls back when something may be new, and after every reconnect. Returns the way to stop. */
  watch(caller: Caller, changed: () => void): () => void;
}

export interface LiveEvent {
  /** Grows from event to event of the organisation, with gaps; the SSE event id. */
  position: number;
  id: string;
  name: string;
  conversationId: string | null;
  properties: Record<string, unknown>;
  at: Date;
}
