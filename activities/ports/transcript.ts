import type { ConversationRef } from '../../contract/conversation.ts';
import type { EnteredRow } from '../../contract/rows.ts';
import type { AgentSettings } from '../../domain/agent.ts';
import type { ChannelKind } from '../../domain/channel.ts';
import type { Owner, SettledReason } from '../../domain/conversation.ts';
import type { PendingApproval } from '../../contract/approval.ts';
import type { OutboundKind } from '../../domain/delivery.ts';
import type { IdleStep } from '../../domain/idle-rule.ts';
import type { AnsweredBy } from '../../domain/idle-sequence.ts';
import type { MessageContent } from '../../domain/message.ts';
import type { Decided } from './approvals.ts';
import type { StandingWatch } from './watches.ts';

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
   * conversation or it is resolved: the rows are then settled with that reason. A turn whose reply has left `planned`
   * has it `plannedAlready`, whatever came since: what follows a reply is done by whoever hears of it last.
   * With `grow: false` the turn keeps to the messages it has: it has had an effect outside and may not start over
   * (CONV-4). Default true; a call made in this `round` of the turn (default 0) or a later one forbids it anyhow.
   */
  take(
    ref: ConversationRef,
    turn: number,
    now: Date,
    options?: { grow?: boolean; round?: number },
  ): Promise<TakenTurn>;

  /**
   * Gives the row that tells of an operator's decision to this turn (APR-3), which may be repeated, and reads what a
   * model needs besides: no message is taken. Nothing: it was told, or a person has the conversation or is called.
   */
  takeDecision(
    ref: ConversationRef,
    turn: number,
    decision: { actionId: string; rowId: string },
    now: Date,
  ): Promise<TakenTurn>;

  /**
   * Writes the reply as `planned` under the key (conversation, cause, part 0), replacing the text of a reply
   * that was planned and never sent, together with the trace of the model call that made it. False: another stands,
   * which is on its way or knows more.
   */
  plan(ref: ConversationRef, reply: PlannedReply, step: TurnStep | null, now: Date): Promise<boolean>;

  /** Writes a trace row of a turn: what was asked, what came back. */
  recordStep(ref: ConversationRef, step: TurnStep, now: Date): Promise<void>;

  /**
   * Marks rows as needing no turn. Rows already settled keep their reason. Answers the messages among them whose file
   * nobody has fetched yet.
   */
  settle(
    ref: ConversationRef,
    rows: readonly { id: string; reason: SettledReason }[],
    now: Date,
  ): Promise<string[]>;

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
  /** The unfinished turn has taken messages: its number is theirs. */
  resumes: boolean;
  /** Highest message seq that is taken by a finished turn or settled. */
  answeredSeq: number;
  /** Rows that wait: untaken, or taken by the unfinished turn. In commit order. */
  waiting: EnteredRow[];
  /** Outbound messages in state `sending`, of whatever cause. */
  sending: { outboundId: string; sendingSince: number }[];
  settings: AgentSettings;
  /** What the customer's silence leads to (IDLE-1, IDLE-8). */
  idleSteps: IdleStep[];
  answeredBy: AnsweredBy;
  /** When the newest message came in; null before the first. */
  lastCustomerAt: Date | null;
  /** Not 0 where the conversation's channel integration has an active external action. */
  externalActions: number;
  channel: ChannelKind;
  /** A call that waits for the customer. */
  openCall: OpenCall | null;
  /** Calls of external actions that outlived their turn, with the patience their builder chose. */
  underWay: { callId: string; name: string; attempts: number; delayMs: number }[];
  /** What operators were asked and have not decided. */
  openApprovals: PendingApproval[];
  /** The epoch in which a rule called a person. */
  escalatedEpoch: number | null;
  /** It waits for an operator, nobody has it yet. */
  queued: boolean;
  /** The operator who has it. */
  assignee: string | null;
  /** How the people stand whom the customer waits for (ESC-6); null: for nobody. */
  watch: StandingWatch | null;
  /** The silence that an earlier run held, which was lost; null while a message waits. */
  silence: LastSilence | null;
  /** The step of a sequence that is over, whose nudge nobody knows the fate of. */
  stepLeft: number | null;
}

/** A silence as the rows tell it (IDLE-4). */
export interface LastSilence {
  /** The step that is next. */
  step: number;
  seenSeq: number;
  /** When the first step's time began to run, and when this one's did. */
  began: Date;
  since: Date;
  ownEpoch: number | null;
  withPerson: boolean;
}

export interface OpenCall {
  callId: string;
  kind: 'gathering' | 'awaiting_confirmation';
  /** Epoch milliseconds. */
  askedAt: number;
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
      /** Messages that this take settled and whose files are still to be fetched, for whoever has the conversation. */
      media?: string[];
    }
  | {
      kind: 'taken';
      epoch: number;
      /** In the order the turn answers them (`inTurnOrder`). None where a reply past `planned` has settled them. */
      messages: TakenMessage[];
      /** Highest seq among them, or the one that the reply answers. */
      lastSeq: number;
      /** A reply already planned for this turn that answers exactly these messages; a retry need not ask again. */
      plannedAlready: boolean;
      /** That reply has left `planned`: it is on its way or ended, and nothing can be said in its place. */
      replyIsOut: boolean;
      /** As above, where a person came while the reply was on its way. */
      media?: string[];
      /** The rule by which a person is still to be called once that reply is out. Null: by none. */
      escalates: string | null;
      /** Only what the customer wrote or really got, oldest first, without the messages above (CONV-10). */
      history: PastMessage[];
      summary: string | null;
      /** Messages older than the window that no summary holds yet. */
      unsummarised: number;
      settings: AgentSettings;
      /** What the customer's silence leads to (IDLE-1, IDLE-8). */
      idleSteps: IdleStep[];
      answeredBy: AnsweredBy;
      /** When the newest message came in. */
      lastCustomerAt: Date | null;
      /** Not 0 where the conversation's channel integration has an active external action. */
      externalActions: number;
      channel: ChannelKind;
      contact: { name: string | null; phone: string | null };
      turn: number;
      /** When, and behind which turn, nobody had answered and the agent went on (ESC-6); null: it never did. */
      wentOn: { at: Date; turn: number } | null;
      /** Present where it is a decision that the turn is about, not messages. */
      decision?: Decided;
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
  /** The rule that calls a person: a notice tells the customer so, another message goes out besides. */
  escalates?: string;
}

/** A row of the trace. `request` and `response` hold words: they stay in Postgres. */
export interface TurnStep {
  turn: number;
  kind: 'understand' | 'answer' | 'summarise' | 'transcribe' | 'fallback';
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
