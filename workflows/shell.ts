import type { ConversationRef, ConversationState } from '../contract/conversation.ts';
import type { CoreIntent } from '../domain/intents.ts';
import type { ModelCalls } from './effects.ts';
import type { Fact } from './fact.ts';

/** What a turn may touch of its conversation. */
export interface TurnShell {
  ref: ConversationRef;
  modelCalls: ModelCalls;
  /** How long the channel may take to report on a send of unknown outcome. */
  deliveryReportMs: number;
  state(): ConversationState;
  tell(fact: Fact): void;
  /** Resolves once the turn's placeholder is dealt with: nothing is sent before (CHAN-3). */
  readyToSend(): Promise<void>;
  /**
   * Whether the activity that composes a reply may send it, too: no placeholder goes ahead of it, and the workers of a
   * queue for model calls alone are not the ones that send.
   */
  sendsAtOnce(): boolean;
  /** What goes on and nothing waits for: causes of messages that the channel told to wait, word to people. The run does not end before it. */
  aside: Set<string>;
  /** Shown to whoever opens the running workflow. */
  doing(what: string): void;
}

/** What an operator decided, and the row that told of it. */
export interface Decision {
  actionId: string;
  rowId: string;
}

/** A turn may start over with newer messages: each time is a round of it (CONV-4). */
export interface Round {
  shell: TurnShell;
  turn: number;
  round: number;
  /** Whether newer messages may still send it back to its beginning; no longer after its first effect outside. */
  mayStartOver: boolean;
  /** What was understood of its messages; null before, and where nothing depends on it. */
  heard: { coreIntent: CoreIntent | null; wantsHuman: boolean } | null;
  /** The call that waited for an operator until the turn's messages came, and may be proposed anew (APR-5). */
  withdrawn?: string | null;
}
