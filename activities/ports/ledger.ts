import type { ConversationRef } from '../../contract/conversation.ts';
import type { ChannelKind } from '../../domain/channel.ts';
import type { DeliveryState, OutboundKind } from '../../domain/delivery.ts';

/** The send ledger: every message to a customer passes here, in this order: passFence, channel, record. */
export interface Ledger {
  /**
   * The fence (DESIGN section 5): planned → sending in one transaction that locks the conversation FOR NO KEY UPDATE and
   * refuses on another epoch or owner, and with `regroup` also on a customer message newer than the reply answers.
   * A refusal other than `newer_message` is final: the row becomes `refused` and the turn's messages are settled.
   * A row found in `sending` (an earlier try died) passes again, or is reported as `unknown` where the channel's
   * rule is `never` or a person has come between. Web chat goes straight to `sent`: the customer reads this table.
   */
  passFence(
    ref: ConversationRef,
    cause: string,
    options: { regroup: boolean; now: Date; holdMs: number },
  ): Promise<FenceVerdict>;

  /**
   * Writes how the call ended, and settles the customer messages it answered where it ended for good; a failure is
   * also a `message_failed` event, in the same transaction.
   */
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
  /** An earlier try did not say how it ended: whatever this one hears, the customer may have the message. */
  repeat: boolean;
  /** The channel does not begin a call after this. */
  deadline: Date;
}

export type SendOutcome =
  | { kind: 'sent'; providerMessageId: string | null }
  /**
   * Try again, not before this many milliseconds (null: the workflow's own backoff). What may have arrived is only
   * repeated under its key and as it stands; otherwise nothing happened, and newer messages may still change it.
   */
  | { kind: 'try_again'; afterMs: number | null; code: string; mayHaveArrived: boolean }
  /** Nothing happened, and it never will (CHAN-4). */
  | { kind: 'failed'; code: string }
  /** It may have arrived. */
  | { kind: 'unknown'; code: string };

/** One way out to the customer (CHAN-3): routes by the delivery's channel. Never throws for what a channel answers. */
export interface Channels {
  send(delivery: Delivery, signal: AbortSignal): Promise<SendOutcome>;
}
