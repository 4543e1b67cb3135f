import type { ChannelKind } from '../../domain/channel.ts';
import type { ConversationStatus, Owner } from '../../domain/conversation.ts';
import type { MediaFile, MediaKind } from '../../domain/media.ts';
import type { Caller } from './caller.ts';

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
  /** The member who has it, or the key that took it over. */
  assignee: string | null;
  /** Where it waits for a person; a null division is the organisation's own queue. */
  queue: { divisionId: string | null; since: Date } | null;
  tags: string[];
  /** What operators are asked about, the oldest first. */
  openApprovals: { id: string; requestType: string; expiresAt: Date }[];
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
  /** Where the message is a file. */
  media?: MessageMedia;
}

export type MessageMedia = Pick<
  MediaFile,
  'id' | 'state' | 'mimeType' | 'size' | 'refusal' | 'transcript'
> & {
  kind: MediaKind;
  name: string | null;
};

export interface StoredFile {
  bytes: Buffer;
  mimeType: string;
  /** As the customer named it. */
  name: string | null;
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
  /** A message's file, where it is stored. */
  file(caller: Caller, conversationId: string, messageId: string): Promise<StoredFile | null>;
  turns(caller: Caller, conversationId: string, page: PageQuery): Promise<Page<TraceStep> | null>;
  events(
    caller: Caller,
    filter: { conversation?: string; name?: string },
    page: PageQuery,
  ): Promise<Page<StoredEvent>>;
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
