import type { ChannelKind } from '../domain/channel.ts';
import type { ApprovalPresses } from './ports/approval-presses.ts';
import type { Approvals } from './ports/approvals.ts';
import type { Caller, Lookup, ReceivingIntegration } from './ports/caller.ts';
import type { Executions, ExternalActionSettings, Trials } from './ports/external-actions.ts';
import type { Connections } from './ports/connections.ts';
import type { Installation } from './ports/installation.ts';
import type { People } from './ports/people.ts';
import type { Proactive } from './ports/proactive.ts';
import type { Conversations, Inbox } from './ports/inbox.ts';
import type { Asides } from './ports/interactions.ts';
import type { LiveFeed } from './ports/live.ts';
import type { MessageMedia, Readers, StoredFile } from './ports/readers.ts';
import type { Echoes, Receiver } from './ports/receiver.ts';
import type { Sessions } from './ports/sessions.ts';
import type { Settings } from './ports/settings.ts';

export type * from './ports/approval-presses.ts';
export type * from './ports/approvals.ts';
export type * from './ports/caller.ts';
export type * from './ports/external-actions.ts';
export type * from './ports/connections.ts';
export type * from './ports/inbox.ts';
export type * from './ports/interactions.ts';
export type * from './ports/installation.ts';
export type * from './ports/live.ts';
export type * from './ports/people.ts';
export type * from './ports/proactive.ts';
export type * from './ports/readers.ts';
export type * from './ports/sessions.ts';
export type * from './ports/settings.ts';
export type * from './ports/receiver.ts';

/** Refusals at the door are audited too (CHAN-2). */
export interface Audit {
  refused(entry: {
    organisationId: string;
    action: string;
    subject: string;
    from: string | null;
    detail: Record<string, unknown>;
  }): Promise<void>;
}

/** Answers remembered for repeated POSTs (DESIGN section 11). */
export interface IdempotencyKeys {
  /** `fresh`: go on and call `finish`. `running`: another request holds the key. */
  begin(
    caller: Caller,
    key: string,
    requestHash: string,
    now: Date,
  ): Promise<
    | { kind: 'fresh' }
    | { kind: 'running' }
    | { kind: 'other_body' }
    | { kind: 'answered'; status: number; body: unknown }
  >;
  finish(caller: Caller, key: string, answer: { status: number; body: unknown } | null): Promise<void>;
}

/** Web chat: what a visitor's page reads (CHAN-5, own store). */
export interface ChatReader {
  /** The visitor's transcript after a position, oldest first. */
  after(integration: ReceivingIntegration, room: string, position: number): Promise<ChatLine[]>;
  /** Calls back when something may be new for the room, and after every reconnect. Returns the way to stop. */
  watch(integration: ReceivingIntegration, room: string, changed: () => void): () => void;
  /** What the visitor sent in this message, where it is stored. */
  file(integration: ReceivingIntegration, room: string, messageId: string): Promise<StoredFile | null>;
}

export interface ChatLine {
  /** Grows with every line of the room; the SSE event id. */
  position: number;
  id: string;
  from: 'customer' | 'agent' | 'operator';
  kind: string;
  text: string;
  at: Date;
  /** Where the line is a file. */
  media?: MessageMedia;
}

export interface Health {
  /** Null when ready, else what is missing. */
  postgres(): Promise<string | null>;
}

export interface ApiPorts {
  approvals: Approvals;
  presses: ApprovalPresses;
  proactive: Proactive;
  clock: { now(): Date };
  lookup: Lookup;
  inbox: Inbox;
  conversations: Conversations;
  readers: Readers;
  sessions: Sessions;
  settings: Settings;
  installation: Installation;
  people: People;
  connections: Connections;
  externalActions: ExternalActionSettings;
  executions: Executions;
  trials: Trials;
  audit: Audit;
  idempotency: IdempotencyKeys;
  chat: ChatReader;
  live: LiveFeed;
  receivers: Partial<Record<ChannelKind, Receiver>>;
  echoes: Echoes;
  asides: Asides;
  health: Health;
}
