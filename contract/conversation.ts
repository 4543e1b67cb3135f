import type { ConversationStatus, Owner } from '../domain/conversation.ts';
import type { PendingApproval } from './approval.ts';
import type { Buffered } from '../domain/buffer.ts';

/** Which conversation an activity or a signal is about. */
export interface ConversationRef {
  organisationId: string;
  conversationId: string;
}

/** What the workflow must know of the agent's settings to decide when to act. Milliseconds. */
export interface TurnSettings {
  waitMs: number;
  capMs: number;
  regroup: boolean;
  understand: boolean;
  /** How long a question to the customer stays open before its call is cancelled (EXT-4). */
  confirmMs: number;
  /** How long the customer waits for an external action before being told that it takes longer (EXT-5). */
  patienceMs: number;
  /** Whether something stands in the room while the answer is made, to be replaced by it (CHAN-3). */
  placeholder: boolean;
  /** How long each step of the idle sequence waits; empty: silence leads to nothing (IDLE-1). */
  idleMs: number[];
  /** How long a person may leave a customer without an answer (ESC-6); absent in what older code has read. */
  responseMs?: number;
  /** Whether a person's reply, too, begins a silence (IDLE-9). Absent: no, as in what older code carried. */
  idleWithPeople?: boolean;
}

/** The customer's silence, from the last message that was answered (IDLE-4, IDLE-5). */
export interface Silence {
  /** The step that is next, from 0. */
  step: number;
  /** The row that the sequence counts from: the last message that was answered, or an operator's last reply. */
  seenSeq: number;
  /** When the step's time began to run. Epoch milliseconds. */
  since: number;
  /** When the step fires; null: there is none. */
  due: number | null;
  /** The epoch in which its steps go on although a person has the conversation (IDLE-9). */
  ownEpoch: number | null;
  /** It counts from a person's reply. */
  withPerson?: boolean;
}

/** A customer waits for a person's answer (ESC-6). */
export interface Watch {
  /** The epoch and the customer's message that the wait began with: by them Postgres knows it. */
  epoch: number;
  seq: number;
  /** The last message of the customer's that was heard since. */
  heard: number;
  /** What is next, from 0. */
  stage: number;
  /** When the stage's time began to run. Epoch milliseconds. */
  since: number;
  due: number;
  /** The epoch that the watch itself made by giving the conversation to somebody else: it goes on in it. */
  ownEpoch: number | null;
  /** A person has answered; only what became of the stage that was due is still to be found out. */
  answered?: boolean;
}

/** A call that waits for the customer: for what is missing, or for a yes. */
export interface OpenCall {
  callId: string;
  kind: 'gathering' | 'awaiting_confirmation';
  /** Epoch milliseconds; then it is cancelled. */
  due: number;
}

/** What operators were asked and have not decided. */
export type OpenApproval = Omit<PendingApproval, 'remindAt'>;

/** The only thing a conversation holds, and the only thing it carries into its next run. */
export interface ConversationState {
  epoch: number;
  owner: Owner;
  /** A person was called and nobody has it yet. */
  queued: boolean;
  /** The epoch in which a rule called a person: while it lasts no model is asked (ESC-3). */
  escalatedEpoch: number | null;
  /** The member who has it, or the key of a program; null while nobody has it. */
  assignee: string | null;
  resolved: boolean;
  /** The number of the last turn that began; never restarts. */
  turn: number;
  /** Every message with a seq up to this one has been taken or settled. */
  answeredSeq: number;
  buffer: Buffered[];
  firstCustomerAt: number | null;
  lastCustomerAt: number | null;
  settings: TurnSettings;
  /** Rows that no turn will take, waiting to be marked so. */
  toSettle: { id: string; reason: 'noted' | 'superseded' | 'operator_has_it' | 'resolved' }[];
  /** Sends whose outcome the channel still owes us, and until when we wait. Epoch milliseconds. */
  awaitedDeliveries: { outboundId: string; due: number }[];
  openCall: OpenCall | null;
  /** Calls that outlived their turn: the customer was told that it takes longer. */
  callsUnderWay: string[];
  /** Those of them that have ended, and whose outcome the customer is to hear. */
  outcomesDue: string[];
  silence: Silence | null;
  /** The silence ended when a step was due: a task that died with its worker may have fired it. */
  stepInDoubt: { step: number; brokenByCustomer: boolean } | null;
  /** The customer broke a silence that had led to something: the step it had come to, until that is noted. */
  brokenAt: number | null;
  /** The same while a person has the conversation: no turn would note it. */
  brokenWithPerson: number | null;
  /** What operators were asked and have not decided. Epoch milliseconds. */
  openApprovals: OpenApproval[];
  /** Decisions the customer is to hear. */
  decisions: { actionId: string; rowId: string }[];
  /** Operators' own replies that wait to be sent, in the order of their commit. */
  toSend: { rowId: string; seq: number }[];
  /** Absent in what a run of older code carries on. */
  watch?: Watch | null;
  /** The epoch in which messages were given to the next turn's number before: while it lasts, that is theirs. */
  resumesEpoch?: number | null;
}

/** Start argument; `state` is present only when a run continues an earlier one. */
export interface ConversationInput extends ConversationRef {
  agentId: string;
  channelIntegrationId: string;
  /** A run ends and continues as new after so many turns. */
  turnsPerRun?: number;
  /** How long a send of unknown outcome waits for the channel's report; absent: the workflow's own. */
  deliveryReportMs?: number;
  /** The queue of model calls where it is not the conversations' own. */
  modelQueue?: string;
  state?: ConversationState;
}

/** The answer of the `getState` query. */
export interface ConversationView {
  status: ConversationStatus;
  owner: Owner;
  epoch: number;
  turn: number;
  buffered: number;
  /** What the workflow is doing now, in a word an engineer understands. */
  doing: string;
  awaitedDeliveries: number;
  queued: boolean;
  assignee: string | null;
  openCall: OpenCall | null;
  callsUnderWay: number;
  /** The step that is next, from 0 as `step_index` of the events, and when it fires; null where silence leads to nothing. */
  idleStep: { step: number; due: number } | null;
  openApprovals: OpenApproval[];
  /** A customer waits for a person: how many stages passed, when the present one began and when it ends. */
  watch: { stage: number; since: number; due: number } | null;
}
