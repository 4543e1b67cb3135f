import type { AgentSettings } from '../domain/agent.ts';
import type { ChannelKind } from '../domain/channel.ts';
import type { Owner, SettledReason } from '../domain/conversation.ts';
import type { DeliveryState, OutboundKind } from '../domain/delivery.ts';
import type { MessageContent } from '../domain/message.ts';
import type { ConversationRef } from '../contract/conversation.ts';
import type { EnteredRow } from '../contract/rows.ts';

/** The wall clock; business deadlines get it as a value, so that a test can move it. */
export interface Clock {
  now(): Date;
}

/** Where the words of a conversation live, as a turn needs them. Every method is one transaction. */
export interface Transcript {
  /**
   * What a new run must know: the turn to go on with, owner, epoch, rows no turn has taken, unfinished sends.
   * Null when the conversation was erased.
   */
  open(ref: ConversationRef): Promise<OpenedConversation | null>;

  /**
   * Gives every untaken customer message of the conversation to this turn (compare-and-set: `turn is null or
   * turn = mine`, so it may be repeated) and reads what a model needs. Takes nothing while a person has the
   * conversation or it is resolved: the rows are then settled with that reason.
   */
  take(ref: ConversationRef, turn: number, now: Date): Promise<TakenTurn>;

  /**
   * Writes the reply as `planned` under the key (conversation, cause, part 0), replacing the text of a reply
   * that was planned and never sent, together with the trace of the model call that made it.
   */
  plan(ref: ConversationRef, reply: PlannedReply, step: TurnStep | null, now: Date): Promise<void>;

  /** Writes a trace row of a turn: what was asked, what came back. */
  recordStep(ref: ConversationRef, step: TurnStep, now: Date): Promise<void>;

  /** Marks rows as needing no turn. Rows already settled keep their reason. */
  settle(
    ref: ConversationRef,
    rows: readonly { id: string; reason: SettledReason }[],
    now: Date,
  ): Promise<void>;

  /** The messages beyond the model's window that the summary does not hold yet, oldest first, at most 200. */
  unsummarised(ref: ConversationRef): Promise<Summarisable>;
  saveSummary(ref: ConversationRef, summary: { text: string; through: Date }): Promise<void>;
}

export interface OpenedConversation {
  epoch: number;
  owner: Owner;
  resolved: boolean;
  /**
   * The last turn that is finished. A turn that took rows but left neither a settled row nor a message past
   * `sending` is not: it is begun again under its own number, so its keys find what it did.
   */
  lastTurn: number;
  /** Highest message seq that is taken by a finished turn or settled. */
  answeredSeq: number;
  /** Rows that wait: untaken, or taken by the unfinished turn. In commit order. */
  waiting: EnteredRow[];
  /** Outbound messages in state `sending`, of whatever cause. */
  sending: { outboundId: string; sendingSince: number }[];
  settings: AgentSettings;
  externalActions: number;
  channel: ChannelKind;
}

/** A message as the model and the transcript see it. */
export interface PastMessage {
  from: 'customer' | 'agent' | 'operator';
  content: MessageContent;
  at: Date;
}

export interface TakenMessage {
  id: string;
  seq: number;
  providerMessageId: string;
  at: Date;
  content: MessageContent;
}

export type TakenTurn =
  | {
      kind: 'nothing';
      epoch: number;
      owner: Owner;
      resolved: boolean;
      /** Every message up to this seq was looked at: it is taken, or settled. */
      throughSeq: number;
    }
  | {
      kind: 'taken';
      epoch: number;
      /** In the order the turn answers them (`inTurnOrder`). */
      messages: TakenMessage[];
      /** Highest seq among them. */
      lastSeq: number;
      /** A reply already planned for this turn that answers exactly these messages; a retry need not ask again. */
      plannedAlready: boolean;
      /** Only what the customer wrote or really got, oldest first, without the messages above (CONV-10). */
      history: PastMessage[];
      summary: string | null;
      /** Messages older than the window that no summary holds yet. */
      unsummarised: number;
      settings: AgentSettings;
      externalActions: number;
      channel: ChannelKind;
      contact: { name: string | null };
      turn: number;
    };

export interface PlannedReply {
  turn: number;
  cause: string;
  kind: OutboundKind;
  text: string;
  /** The epoch of the take; the fence refuses the reply in a later one. */
  epoch: number;
  /** The last message it answers; later ones belong to the next turn. */
  answersSeq: number;
  /** The customer's message ids, as the provider named them. */
  inReplyTo: string[];
}

/** A row of the trace. `request` and `response` hold words: they stay in Postgres. */
export interface TurnStep {
  turn: number;
  kind: 'understand' | 'answer' | 'summarise' | 'fallback';
  model: string | null;
  request: unknown;
  response: unknown;
  inputTokens: number;
  outputTokens: number;
  durationMs: number;
  /** A FailureCode when the call failed. */
  failure: string | null;
}

export interface Summarisable {
  previous: string | null;
  messages: PastMessage[];
}

/** The send ledger: every message to a customer passes here, in this order: passFence, channel, record. */
export interface Ledger {
  /**
   * The fence (DESIGN section 5): planned → sending in one transaction that reads the conversation FOR SHARE and
   * refuses on another epoch or owner, and with `regroup` also on a customer message newer than the reply answers.
   * A refusal other than `newer_message` is final: the row becomes `refused` and the turn's messages are settled.
   * A row found in `sending` (an earlier try died) passes again, or is reported as `unknown` where the channel's
   * rule is `never`. Web chat goes straight to `sent`: the customer reads this table.
   */
  passFence(
    ref: ConversationRef,
    cause: string,
    options: { regroup: boolean; now: Date; holdMs: number },
  ): Promise<FenceVerdict>;

  /** Writes how the call ended, and settles the customer messages it answered where it ended for good. */
  record(ref: ConversationRef, outboundId: string, outcome: SendOutcome, now: Date): Promise<void>;

  /** A send that stayed unknown past its time becomes `uncertain`, with an event. True if this call did it. */
  giveUpWaiting(ref: ConversationRef, outboundId: string, now: Date): Promise<DeliveryState>;
}

export type FenceVerdict =
  | { kind: 'ready'; delivery: Delivery }
  /** An earlier try sent it, or web chat just did. */
  | { kind: 'done'; state: DeliveryState; answersSeq: number }
  | { kind: 'unknown'; outboundId: string; answersSeq: number }
  | { kind: 'refused'; reason: 'newer_message' | 'epoch' | 'owner' | 'resolved' }
  /** Nothing was planned under this cause. */
  | { kind: 'absent' };

/** All that a channel needs to send one message. Secrets are fetched by the channel itself. */
export interface Delivery {
  outboundId: string;
  organisationId: string;
  conversationId: string;
  channel: ChannelKind;
  channelIntegrationId: string;
  /** Changes whenever the integration's settings or secrets do; the key of what a channel may cache. */
  integrationVersion: number;
  room: string;
  /** Every provider id of the contact, the most stable first. */
  contactIds: string[];
  kind: OutboundKind;
  text: string;
  inReplyTo: string[];
  answersSeq: number;
  plannedAt: Date;
  /** How often this message passed the fence, this time included. */
  attempt: number;
  /** The channel does not begin a call after this. */
  deadline: Date;
}

export type SendOutcome =
  | { kind: 'sent'; providerMessageId: string | null }
  /** Nothing happened; try again, not before this many milliseconds (null: the workflow's own backoff). */
  | { kind: 'try_again'; afterMs: number | null; code: string }
  /** Nothing happened, and it never will (CHAN-4). */
  | { kind: 'failed'; code: string }
  /** It may have arrived. */
  | { kind: 'unknown'; code: string };

/** One way out to the customer (CHAN-3): routes by the delivery's channel. Never throws for what a channel answers. */
export interface Channels {
  send(delivery: Delivery, signal: AbortSignal): Promise<SendOutcome>;
}

export interface ModelMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

export interface ModelTool {
  name: string;
  description: string;
  parameters: Record<string, unknown>;
}

export interface ModelRequest {
  /** Overrides the installation's model. */
  model?: string;
  temperature?: number;
  messages: ModelMessage[];
  tools?: ModelTool[];
  toolChoice?: 'auto' | 'none';
  /** Asks for a JSON answer of this JSON Schema. */
  schema?: { name: string; schema: Record<string, unknown> };
  maxTokens?: number;
}

export interface ModelAnswer {
  text: string | null;
  /** Arguments are the raw string: they are parsed by the tool's own schema. */
  toolCalls: { id: string; name: string; arguments: string }[];
  finishReason: string;
  model: string;
  inputTokens: number;
  outputTokens: number;
}

/** The LLM. Throws ParleyFailure with a MODEL_ code; never retries by itself. */
export interface Model {
  complete(request: ModelRequest, signal: AbortSignal): Promise<ModelAnswer>;
}

/** Stored events (OBS-1): names and enums, never words. */
export interface Events {
  record(ref: ConversationRef, name: string, properties: Record<string, unknown>, now: Date): Promise<void>;
}

/** Where the real error goes that a failure's reference points at. Redacted by the logger. */
export interface FailureLog {
  record(failure: { reference: string; code: string; activity: string; error: unknown }): void;
}

/** A named point at which a fault test may end the process; does nothing in production. */
export type Failpoint = (name: 'send.before_call' | 'send.after_call' | 'send.after_record') => void;

export interface ActivityPorts {
  failpoint: Failpoint;
  clock: Clock;
  transcript: Transcript;
  ledger: Ledger;
  channels: Channels;
  model: Model;
  events: Events;
  failures: FailureLog;
}
