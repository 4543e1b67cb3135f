import type { OpenApproval, OpenCall, Silence, TurnSettings, Watch } from '../contract/conversation.ts';
import type { EnteredRow } from '../contract/rows.ts';
import type { Owner } from '../domain/conversation.ts';

/** What happened, told to the state in the past tense. Times are epoch milliseconds of the workflow's clock. */
export type Fact =
  | { fact: 'opened'; opened: OpenedFacts; now: number }
  | { fact: 'rowEntered'; row: EnteredRow; now: number }
  | { fact: 'turnBegan' }
  | { fact: 'settingsRead'; settings: TurnSettings }
  /** A take found nothing to answer, and says why. */
  | { fact: 'nothingTaken'; throughSeq: number; epoch: number; owner: Owner; resolved: boolean }
  | { fact: 'turnAnswered'; answeredSeq: number }
  /** The turn could neither answer nor fall back; it will be begun again under its own number. */
  | { fact: 'turnAbandoned' }
  | { fact: 'rowsSettled'; ids: readonly string[] }
  | { fact: 'deliveryAwaited'; outboundId: string; due: number }
  | { fact: 'deliverySettled'; outboundId: string }
  /** A tool gave the conversation away: to an operator, to a queue, or it resolved it. */
  | {
      fact: 'gaveAway';
      epoch: number;
      owner: Owner;
      resolved: boolean;
      assignee: string | null;
      at?: number;
    }
  | { fact: 'callOpened'; call: OpenCall }
  | { fact: 'callClosed'; callId: string }
  | { fact: 'callOutlivedTurn'; callId: string }
  | { fact: 'callEnded'; callId: string }
  | { fact: 'outcomeTold'; callId: string }
  /** A step of the silence was done, or skipped, which counts the same (IDLE-10). */
  | { fact: 'idleStepDone'; at: number; ownEpoch: number | null }
  /** Operators owe the customer no decision any more. */
  | { fact: 'waitEnded'; at: number }
  | { fact: 'idlePostponed'; due: number }
  /** Nobody knows what became of the step; it is looked at again. */
  | { fact: 'idleUndecided'; due: number }
  /** What Postgres says of a step in doubt: whether it had left. */
  | { fact: 'idleConcluded'; fired: boolean }
  /** A newer message is on its way, or there is nothing more to fire. */
  | { fact: 'idleStopped' }
  | { fact: 'breakNoted' }
  /** An operator's reply is out, and a silence may begin behind it. */
  | { fact: 'personAnswered'; seenSeq: number; at: number; idleMs: number[] }
  | { fact: 'breakWithPersonNoted' }
  | { fact: 'approvalAsked'; approval: OpenApproval }
  | { fact: 'decisionTold'; actionId: string }
  | { fact: 'approvedCallBegan'; callId: string }
  /** `decision`: what came of it is there to be told; null: it could not be made for now. */
  | { fact: 'approvedCallEnded'; callId: string; decision: { actionId: string; rowId: string } | null }
  | { fact: 'escalated'; epoch: number; at?: number }
  /** People were reminded that a customer waits; or it is not yet time, or (null) nobody waits any more (ESC-6). */
  | { fact: 'watchStageDone'; at: number }
  | { fact: 'watchPostponed'; due: number | null }
  /** Somebody else was given it, or the agent has it again. */
  | { fact: 'rerouted'; at: number; epoch: number; assignee: string }
  | { fact: 'offeredBack'; epoch: number }
  | { fact: 'replySent'; rowId: string };

export interface OpenedFacts {
  epoch: number;
  owner: Owner;
  resolved: boolean;
  lastTurn: number;
  answeredSeq: number;
  waiting: EnteredRow[];
  sending: { outboundId: string; due: number }[];
  queued: boolean;
  escalatedEpoch: number | null;
  assignee: string | null;
  openCall: OpenCall | null;
  settings: TurnSettings;
  /** Absent in what older code has read. */
  watch?: Omit<Watch, 'heard' | 'due'> | null;
  /** The unfinished turn is one of messages. Absent: it is not known to be. */
  resumes?: boolean;
  /** Absent where an activity of before it was there has read them. */
  openApprovals?: OpenApproval[];
  /** Of a run that was lost, as these two; absent in histories from before. */
  silence?: Silence | null;
  /** The step whose nudge nobody knows the fate of. */
  stepLeft?: number | null;
}
