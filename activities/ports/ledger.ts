import type { ConversationRef } from '../../contract/conversation.ts';
import type { ChannelKind } from '../../domain/channel.ts';
import type { DeliveryState, OutboundKind } from '../../domain/delivery.ts';

/** The send ledger: every message to a customer passes here, in this order: passFence, channel, record. */
export interface Ledger {
  /**
   * The fence (DESIGN section 5): planned → sending in one transaction that locks the conversation FOR NO KEY UPDATE and
   * refuses on another epoch or owner, and with `regroup` also on a customer message newer than the reply answers.
   * A nudge is refused by a newer message in any case. A refusal other than a reply's `newer_message` is final: the row becomes `refused` and the turn's messages are settled.
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
   * also a `message_failed` event, in the same transaction. A failure, or "not now", of an `attempt` that another has
   * followed writes nothing. Answers the state the row is in, which is another than the outcome's where somebody knew
   * better; null: "not now" was written to nothing.
   */
  record(
    ref: ConversationRef,
    outboundId: string,
    outcome: SendOutcome,
    now: Date,
    attempt?: number,
  ): Promise<DeliveryState | null>;

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

/**
 * What stands in the room until the answer replaces it, on channels of the rule `update_in_place` (DESIGN section 5).
 * A placeholder is posted at most once; one whose posting nobody saw end is forgotten until the channel tells of it,
 * and then cleared. So the worst is one placeholder too many, never an answer too many or too few.
 */
export interface Placeholders {
  /**
   * Opens the turn's own. Null, and nothing is to be posted, where the channel has none, the turn has one already,
   * or the epoch is over, the conversation resolved or a person's.
   */
  begin(
    ref: ConversationRef,
    turn: number,
    options: { epoch: number; now: Date; holdMs: number },
  ): Promise<PlaceholderPlace | null>;

  /** Opens one for a message that found none standing; its id. */
  beginFor(ref: ConversationRef, outboundId: string, now: Date): Promise<string>;

  /**
   * The one that this message replaces: every try of the message gets the same. Null where none stands. From now on
   * nothing else takes or clears it while the message may still go out.
   */
  take(ref: ConversationRef, outboundId: string, now: Date): Promise<StandingPlaceholder | null>;

  /**
   * How its posting ended. `sent`: it stands under the provider's id, or, begun for a message, is that message's.
   * Otherwise what may have been posted waits for word of it, and what was not is gone. False: somebody else had
   * dealt with it meanwhile, and it is not to be used.
   */
  posted(ref: ConversationRef, placeholderId: string, outcome: SendOutcome, now: Date): Promise<boolean>;

  /**
   * Those that nothing will replace any more, save the given turn's own. They are reserved for clearing, so that no
   * message takes them; asked again, they are named again until they are gone.
   */
  leftOver(
    ref: ConversationRef,
    options: { exceptTurn: number | null; now: Date; holdMs: number },
  ): Promise<(PlaceholderPlace & StandingPlaceholder)[]>;

  /** It is replaced by a neutral line, or somebody deleted it. */
  gone(ref: ConversationRef, placeholderId: string, now: Date): Promise<void>;
}

export interface StandingPlaceholder {
  placeholderId: string;
  providerMessageId: string;
}

/** Where a placeholder belongs: of a delivery, what is not the message. */
export interface PlaceholderPlace extends Pick<
  Delivery,
  | 'organisationId'
  | 'conversationId'
  | 'channel'
  | 'channelIntegrationId'
  | 'integrationVersion'
  | 'room'
  | 'deadline'
> {
  placeholderId: string;
}

/** The channel's side of it. Never throws for what a channel answers. */
export interface PlaceholderPosts {
  /** Not repeatable: what may have arrived is `unknown`. */
  post(place: PlaceholderPlace, signal: AbortSignal): Promise<SendOutcome>;
  /** Puts a neutral line in its place; may be repeated. */
  clear(place: PlaceholderPlace & StandingPlaceholder, signal: AbortSignal): Promise<SendOutcome>;
}
