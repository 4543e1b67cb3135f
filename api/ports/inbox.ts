import type { AssignRefusal, AssignTo } from '../../domain/assignment.ts';
import type { ConversationRef } from '../../contract/conversation.ts';
import type { EnteredRow } from '../../contract/rows.ts';
import type { ChannelKind } from '../../domain/channel.ts';
import type { ConversationStatus, Owner } from '../../domain/conversation.ts';
import type { DeliveryStatus } from '../../domain/delivery.ts';
import type { InboundMessage } from '../../domain/message.ts';
import type { Caller, ReceivingIntegration } from './caller.ts';

/** Where what enters is made durable (CONV-1, CONV-2). Each call is one transaction; the caller answers after it. */
export interface Inbox {
  /** Finds or makes contact and conversation, re-opens a resolved one, gives the row its seq. */
  receive(
    integration: ReceivingIntegration,
    message: InboundMessage,
    now: Date,
    /** The message's file, where its bytes came with it: stored in that very transaction. */
    file?: ReceivedFile,
  ): Promise<ReceivedMessage>;

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

  /** Gives an open conversation to a person or a queue, whoever has it (ACT-5), with its row and its audit entry. */
  assign(caller: Caller, conversationId: string, to: AssignTo, now: Date): Promise<AssignResult>;

  /** An operator's own words, planned and with their row; only while a person has the conversation (ESC-5). */
  reply(caller: Caller, conversationId: string, text: string, now: Date): Promise<ReplyResult>;

  /**
   * What a person has sent from the provider's own app: on the transcript as sent, and a take-over where nobody has the
   * conversation. A customer who is not known yet gets a conversation that is the person's. A message that is known
   * already, our own or the same once more, changes nothing. The rows are returned to be signalled.
   */
  replyFromApp(
    integration: ReceivingIntegration,
    reply: InboundMessage,
    now: Date,
  ): Promise<OutgoingSignal[]>;

  /**
   * The same of a message in a room that members of the organisation and customers share, where a member has written it
   * in somebody else's room. Null: it is a customer's.
   */
  replyOfMember(
    integration: ReceivingIntegration,
    message: InboundMessage,
    now: Date,
  ): Promise<OutgoingSignal[] | null>;
}

export interface ReceivedFile {
  bytes: Buffer;
  /** What they are, found by looking at them. */
  mimeType: string;
  sha256: Buffer;
  /** It says something that is to be written down. */
  isHeard: boolean;
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
  /** Of a message: the conversation was open before it, so that its workflow most likely runs. */
  wasOpen?: boolean;
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

export type ReplyResult =
  | Extract<CommandResult, { kind: 'unknown' | 'lost' }>
  | { kind: 'done'; messageId: string; epoch: number; signal: OutgoingSignal };

export type AssignResult =
  | { kind: 'unknown' }
  | { kind: 'resolved'; owner: Owner }
  | { kind: 'refused'; code: AssignRefusal }
  | {
      kind: 'done';
      epoch: number;
      /** Null where it waits in a queue. */
      assignee: string | null;
      queue: { divisionId: string | null; since: Date } | null;
      signal: OutgoingSignal;
    };

/** The workflow side, as the gateway needs it. */
export interface Conversations {
  /**
   * Signals without waiting for it; a signal that Temporal does not acknowledge is left to the relay.
   * Never throws: the row is on disk.
   */
  signalSoon(signal: OutgoingSignal): void;
  /**
   * Tells what waits for a decision that there is one. As `signalSoon`; one that is lost costs nothing but that it
   * waits on until its next reminder or its expiry, where it looks.
   */
  decidedSoon(actionId: string): void;
  /** True when Temporal answers; for /readyz. */
  reachable(): Promise<boolean>;
}
