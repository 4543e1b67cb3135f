import type { ConversationRef } from '../../contract/conversation.ts';

/** The people whom a customer waits for (ESC-6). */
export interface Watches {
  /**
   * What is to happen now that the stage is due, judged in one transaction by what was committed since: the agent's
   * response time and hours are read anew. Who has it and has answered before is only reminded. A reminder is an event;
   * giving it to somebody else, or back to the agent with the notice planned, is done here, each with its event, exactly
   * once. Asked again, a stage says what it said before.
   */
  judge(ref: ConversationRef, due: DueStage, now: Date): Promise<WatchVerdict>;
}

/** A stage of the wait for a person. The first reminds, the second gives it to somebody else, the third to the agent. */
export interface DueStage {
  /** The epoch and the customer's message that the wait began with. */
  epoch: number;
  seq: number;
  /** Counts from 0. */
  stage: number;
  /** When the stage's time began to run. */
  since: Date;
}

/** Where a wait stands that an earlier run had looked after. */
export interface StandingWatch extends DueStage {
  /** The epoch that the watch itself has made. */
  ownEpoch: number | null;
}

export type WatchVerdict =
  /** Also where there was nobody else to give it to. */
  | { kind: 'reminded' }
  | { kind: 'rerouted'; epoch: number; assignee: string }
  /** The agent has it again; the notice of that waits to be sent. */
  | { kind: 'offered'; epoch: number; cause: string }
  | { kind: 'not_yet'; at: Date }
  /** Somebody answered, or is never there: nobody is waited for any more. */
  | { kind: 'over' }
  /** Who has it has changed: the row of that is on its way. */
  | { kind: 'left' };
