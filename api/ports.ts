import type { AgentSettings } from '../domain/agent.ts';
import type { ChannelKind } from '../domain/channel.ts';
import type { ConversationStatus, Owner } from '../domain/conversation.ts';
import type { DeliveryStatus } from '../domain/delivery.ts';
import type { InboundMessage } from '../domain/message.ts';
import type { Role } from '../domain/role.ts';
import type { ConversationRef } from '../contract/conversation.ts';
import type { EnteredRow } from '../contract/rows.ts';

/** Who a request speaks for. The organisation comes from the credential and from nowhere else (TEN-1). */
export interface Caller {
  organisationId: string;
  keyId: string;
  role: Role;
}

/** Before the organisation is known: two look-ups and nothing else (DESIGN section 6). */
export interface Lookup {
  /** Null for an unknown, revoked or expired key. */
  apiKey(key: string): Promise<Caller | null>;
  /** Null for an unknown integration. Secrets are decrypted; keep them out of logs. */
  channelIntegration(id: string): Promise<ReceivingIntegration | null>;
}

export interface ReceivingIntegration {
  id: string;
  organisationId: string;
  agentId: string;
  kind: ChannelKind;
  active: boolean;
  /** Non-secret settings, e.g. phone_number_id, reply_url. */
  settings: Record<string, string>;
  secrets: Record<string, string>;
}

/** Where what enters is made durable (CONV-1, CONV-2). Each call is one transaction; the caller answers after it. */
export interface Inbox {
  /** Finds or makes contact and conversation, re-opens a resolved one, gives the row its seq. */
  receive(integration: ReceivingIntegration, message: InboundMessage, now: Date): Promise<ReceivedMessage>;

  /**
   * Applies provider reports, forward only (CHAN-4). What settles a send of unknown outcome becomes a
   * `delivery_settled` row for its conversation; those are returned to be signalled.
   */
  applyStatuses(
    integration: ReceivingIntegration,
    statuses: readonly DeliveryStatus[],
    now: Date,
  ): Promise<Settled[]>;

  /** Take-over, hand-back, resolve: compare-and-set on the conversation, the row, the audit entry, in one transaction. */
  command(caller: Caller, conversationId: string, command: Command, now: Date): Promise<CommandResult>;
}

export interface ReceivedMessage {
  messageId: string;
  conversationId: string;
  duplicate: boolean;
  /** Null for a duplicate: it was signalled when it first came, or the relay will. */
  signal: OutgoingSignal | null;
}

/** A signal to be sent after the commit; `starts` tells what a start would need. */
export interface OutgoingSignal {
  ref: ConversationRef;
  row: EnteredRow;
  agentId: string;
  channelIntegrationId: string;
  channel: ChannelKind;
}

export interface Settled {
  signal: OutgoingSignal;
}

export type Command = 'take_over' | 'hand_back' | 'resolve';

export type CommandResult =
  | { kind: 'unknown' }
  | { kind: 'lost'; owner: Owner; status: ConversationStatus }
  | {
      kind: 'done';
      owner: Owner;
      epoch: number;
      status: ConversationStatus;
      /** Messages of an older epoch still on the wire. */
      inFlight: string[];
      signal: OutgoingSignal;
    };

/** The workflow side, as the gateway needs it. */
export interface Conversations {
  /**
   * Signals without waiting for it; a signal that Temporal does not acknowledge is left to the relay.
   * Never throws: the row is on disk.
   */
  signalSoon(signal: OutgoingSignal): void;
  /** True when Temporal answers; for /readyz. */
  reachable(): Promise<boolean>;
}

export interface Page<T> {
  data: T[];
  nextCursor: string | null;
}

export interface PageQuery {
  limit: number;
  cursor: string | null;
}

export interface ConversationSummary {
  id: string;
  status: ConversationStatus;
  owner: Owner;
  epoch: number;
  agentId: string;
  channelIntegrationId: string;
  channel: ChannelKind;
  room: string;
  contact: { id: string; name: string | null };
  turn: number;
  openedAt: Date;
  lastMessageAt: Date | null;
  resolvedAt: Date | null;
}

export interface TranscriptMessage {
  id: string;
  from: 'customer' | 'agent' | 'operator' | 'system';
  kind: string;
  text: string;
  providerMessageId: string | null;
  /** Delivery state of what we sent; `received` or the settled reason for what the customer sent. */
  state: string;
  turn: number | null;
  at: Date;
}

export interface TraceStep {
  id: string;
  turn: number;
  kind: string;
  model: string | null;
  request: unknown;
  response: unknown;
  inputTokens: number;
  outputTokens: number;
  durationMs: number;
  failure: string | null;
  at: Date;
}

/** Reading, always inside the caller's organisation; null where it has no such thing. */
export interface Readers {
  conversations(
    caller: Caller,
    filter: { status?: string; agent?: string; channel?: string; assignee?: string },
    page: PageQuery,
  ): Promise<Page<ConversationSummary>>;
  conversation(caller: Caller, id: string): Promise<ConversationSummary | null>;
  messages(caller: Caller, conversationId: string, page: PageQuery): Promise<Page<TranscriptMessage> | null>;
  turns(caller: Caller, conversationId: string, page: PageQuery): Promise<Page<TraceStep> | null>;
  events(caller: Caller, page: PageQuery): Promise<Page<StoredEvent>>;
  audit(caller: Caller, page: PageQuery): Promise<Page<AuditEntry>>;
}

export interface StoredEvent {
  id: string;
  name: string;
  conversationId: string | null;
  properties: Record<string, unknown>;
  at: Date;
}

export interface AuditEntry {
  id: string;
  actor: string;
  action: string;
  subject: string | null;
  detail: Record<string, unknown>;
  from: string | null;
  at: Date;
}

export interface AgentRecord {
  id: string;
  name: string;
  version: number;
  settings: AgentSettings;
  createdAt: Date;
  updatedAt: Date;
}

export interface ChannelRecord {
  id: string;
  kind: ChannelKind;
  name: string;
  agentId: string;
  active: boolean;
  settings: Record<string, string>;
  /** Names of the secrets that are set; their values never leave. */
  secretsSet: string[];
  createdAt: Date;
}

export interface KeyRecord {
  id: string;
  name: string;
  role: Role;
  createdAt: Date;
  revokedAt: Date | null;
}

/** Configuration, written by people with a role. Every change is audited in its own transaction. */
export interface Settings {
  agents(caller: Caller, page: PageQuery): Promise<Page<AgentRecord>>;
  agent(caller: Caller, id: string): Promise<AgentRecord | null>;
  createAgent(
    caller: Caller,
    agent: { name: string; settings: Partial<AgentSettings> },
  ): Promise<AgentRecord>;
  /** Null: no such agent here. */
  updateAgent(
    caller: Caller,
    id: string,
    change: { name?: string; settings?: Partial<AgentSettings> },
  ): Promise<AgentRecord | null>;
  channels(caller: Caller, page: PageQuery): Promise<Page<ChannelRecord>>;
  channel(caller: Caller, id: string): Promise<ChannelRecord | null>;
  /** Null: the agent named is not of this organisation. */
  createChannel(caller: Caller, channel: NewChannel): Promise<ChannelRecord | null>;
  updateChannel(
    caller: Caller,
    id: string,
    change: Partial<Omit<NewChannel, 'kind'>> & { active?: boolean },
  ): Promise<ChannelRecord | null>;
  keys(caller: Caller, page: PageQuery): Promise<Page<KeyRecord>>;
  /** The plaintext key is returned once and stored only as a hash. */
  createKey(caller: Caller, key: { name: string; role: Role }): Promise<KeyRecord & { key: string }>;
  revokeKey(caller: Caller, id: string): Promise<KeyRecord | null>;
}

export interface NewChannel {
  kind: ChannelKind;
  name: string;
  agentId: string;
  settings: Record<string, string>;
  secrets: Record<string, string>;
}

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

/** Answers remembered for repeated POSTs (API.md, Conventions). */
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
}

export interface ChatLine {
  /** Grows with every line of the room; the SSE event id. */
  position: number;
  id: string;
  from: 'customer' | 'agent' | 'operator';
  kind: string;
  text: string;
  at: Date;
}

/** How a channel's webhook is checked and read (CHAN-1, CHAN-2); one per channel folder. */
export interface Receiver {
  /** GET verification; null refuses. */
  handshake?(query: Record<string, string>, integration: ReceivingIntegration): string | null;
  /** Over the raw bytes; constant time. */
  authentic(request: RawRequest, integration: ReceivingIntegration, now: Date): boolean;
  /** Total: what it does not know becomes an `unsupported` message or is counted in `ignored`. Null: not its format. */
  parse(request: RawRequest, integration: ReceivingIntegration): ReceivedBatch | null;
}

export interface RawRequest {
  headers: Record<string, string | undefined>;
  body: Buffer;
}

export interface ReceivedBatch {
  messages: InboundMessage[];
  statuses: DeliveryStatus[];
  ignored: number;
}

export interface Health {
  /** Null when ready, else what is missing. */
  postgres(): Promise<string | null>;
}

export interface ApiPorts {
  clock: { now(): Date };
  lookup: Lookup;
  inbox: Inbox;
  conversations: Conversations;
  readers: Readers;
  settings: Settings;
  audit: Audit;
  idempotency: IdempotencyKeys;
  chat: ChatReader;
  receivers: Partial<Record<ChannelKind, Receiver>>;
  health: Health;
}
