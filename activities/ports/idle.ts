import type { ConversationRef } from '../../contract/conversation.ts';
import type { BusinessHours } from '../../domain/business-hours.ts';
import type { ChannelKind } from '../../domain/channel.ts';
import type { IdleStep } from '../../domain/idle-rule.ts';
import type { Leaving } from './rooms.ts';

/** The customer's silence (IDLE-1 to IDLE-10). Every method judges in one transaction, by the order of commits. */
export interface Idle {
  /**
   * What the agent's rule says of the step that is due, read anew. Locks the conversation: a message newer than
   * `seenSeq` is `reset`, another owner or a resolved conversation `left`.
   * A follow-up is planned as `nudge` under its cause; an assign or resolve is done here, with its event, exactly once.
   * Asked again, a step that fired says what it said before. One that failed is tried again: a nudge under a new cause,
   * an assignment after another of its durations, until when it is `not_yet`.
   */
  fire(ref: ConversationRef, due: DueStep, now: Date): Promise<IdleVerdict>;
  /** A nudge went out, or failed for good: its event, once. */
  noteNudge(
    ref: ConversationRef,
    due: DueStep,
    outcome: 'fired' | { failed: string },
    now: Date,
  ): Promise<void>;
  /**
   * Ends every firing of a sequence that goes on no more: a nudge or last word that has not left never will, its firing
   * is `refused`; one that left has fired, with its event, once.
   */
  conclude(ref: ConversationRef, now: Date): Promise<ConcludedSteps>;
  /**
   * What begins with the operator's reply of this seq. Null: nothing, because the sequence does not run with people, or
   * the customer, or the operator once more, has written behind it, or another has the conversation.
   */
  behindReply(ref: ConversationRef, seq: number): Promise<SilenceWithPerson | null>;
  /** The customer wrote after a step had fired: the event of that, once for what had fired. */
  noteReset(ref: ConversationRef, fromStep: number, now: Date): Promise<void>;
}

export interface DueStep {
  /** Counts from 0. */
  step: number;
  /** The last customer message that the sequence counts from; part of the nudge's cause. */
  seenSeq: number;
  /** When the step's time began to run: the customer's last activity, or the firing of the step before. */
  since: Date;
}

export interface SilenceWithPerson {
  idleSteps: IdleStep[];
  hours: BusinessHours | null;
  lastCustomerAt: Date | null;
  channel: ChannelKind;
}

export interface ConcludedSteps {
  /** Whether a nudge had left that nobody had noted. */
  fired: boolean;
  /** On the wire with nobody to hear how that ends. */
  sending: string[];
}

export type IdleVerdict =
  /** A nudge is planned and waits to be sent. */
  | { kind: 'planned'; cause: string; last: boolean }
  | { kind: 'done'; leaves: Leaving | null; last: boolean }
  /** Counts as fired (IDLE-10). */
  | { kind: 'skipped'; reason: string; last: boolean }
  /** Business hours, a rule that was changed meanwhile, or nobody to assign it to: not before then. */
  | { kind: 'not_yet'; at: Date }
  | { kind: 'reset' }
  | { kind: 'left' }
  /** No rule any more, or it has fewer steps. */
  | { kind: 'off' };
