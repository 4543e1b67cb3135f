import type { ConversationRef } from '../../contract/conversation.ts';
import type { CallOrigin, CallState, Reliability } from '../../domain/call.ts';
import type { ChannelKind } from '../../domain/channel.ts';
import type { Json } from '../../domain/external-action.ts';
import type { TurnStep } from './transcript.ts';

/**
 * The ledger of side effects (DESIGN section 5): a row before the call, its outcome after. Every method is one
 * transaction. The Idempotency-Key `conversation:turn:number` is given when the row is planned and never changes.
 */
export interface Calls {
  /**
   * Writes what a step decided, in order, together with the trace of the model call that decided it. A step that
   * was planned before (the activity ran twice, or Temporal lost its history) returns the rows that stand,
   * unless all of them are untouched and know fewer messages: those are replaced.
   * A row that is `awaiting_approval` is asked about in the same transaction (APR-5): its result says what waits. Beyond
   * what a contact may ask for it ends as `refused`, where a person has come between as `cancelled`.
   * At most one call of a conversation is open (`gathering`, `awaiting_confirmation`): planning such a row cancels
   * the one before.
   */
  plan(
    ref: ConversationRef,
    step: CallStep,
    calls: readonly NewCall[],
    trace: TurnStep | null,
    now: Date,
  ): Promise<Call[]>;

  /**
   * The rows of an earlier run of this very step that still stand; empty: it has to be decided. Where Temporal lost
   * its history a turn counts its rounds anew: rows of a later round in which a call was begun are its own.
   */
  planned(ref: ConversationRef, step: CallStep): Promise<Call[]>;

  /** The calls of this round of the turn, or of a later one as `planned` has them, ended or not, in order. */
  ofRound(ref: ConversationRef, turn: number, round: number): Promise<Call[]>;

  /** The open call that waits for the customer, if there is one. */
  open(ref: ConversationRef): Promise<Call | null>;

  /**
   * The customer agreed: the open call becomes `planned` as step 0 of this round, or `awaiting_approval` where it needs
   * that too. Its key stays. False: it is no longer open, or was planned before `notBefore`: a yes does not wake a
   * question whose time has passed.
   */
  confirm(ref: ConversationRef, callId: string, step: CallStep, notBefore: Date, now: Date): Promise<boolean>;

  /** The call that is the same (tool and digest) and waits for an operator; null: none. */
  waitingForApproval(ref: ConversationRef, call: { tool: string; digest: string }): Promise<Call | null>;

  /** Open or planned → `cancelled`, with an event. Anything else stays as it is. */
  cancel(ref: ConversationRef, callId: string, reason: CancelReason, now: Date): Promise<void>;

  /**
   * Untouched rows of earlier rounds of the turn become `superseded`; one that the customer agreed to in this turn
   * waits for the customer again (it is `open`), for the turn reads the yes anew.
   */
  supersede(ref: ConversationRef, turn: number, beforeRound: number, now: Date): Promise<void>;

  /**
   * Whether the same call (tool and digest) was made before: in this turn (an earlier step or round, whatever came
   * of it once it passed the fence), or with success or unknown outcome in an earlier turn (ACT-8).
   */
  madeBefore(
    ref: ConversationRef,
    turn: number,
    call: { tool: string; digest: string },
  ): Promise<'this_turn' | 'earlier_turn' | null>;

  /**
   * The fence of a call: planned → calling under the conversation's lock. Refuses on another epoch, owner or a
   * resolved conversation, with `regroup` also on a customer message newer than `answersSeq`; checks rate limits
   * and that an external action is still switched on, which end the call as `refused`. Counts the attempt and stores
   * the `invoked` event at the first. A row found in `calling` (an earlier try died or is to be repeated) passes
   * again as `repeat`, or ends as `unknown` where its reliability is `none`; before its deadline it is `too_early`.
   * Where the try before certainly did nothing it passes like a first one.
   */
  begin(
    ref: CallRef,
    options: { regroup: boolean; answersSeq: number; now: Date; holdMs: number },
  ): Promise<CallFence>;

  /**
   * An attempt that ended without ending the call: what is known goes into the log; the call stays `calling`.
   * `attempt`: its number, as the fence counted it; one that a newer attempt has followed is not noted.
   * `inDoubt`: this attempt, or one before it, may have had its effect.
   */
  noteAttempt(
    ref: CallRef,
    attempt: AttemptRecord & { attempt: number; inDoubt: boolean },
    now: Date,
  ): Promise<void>;

  /** calling → its end, with the `executed` or `failed` event. A call that has ended keeps its first outcome. */
  end(ref: CallRef, outcome: CallOutcome, attempt: AttemptRecord | null, now: Date): Promise<Call>;

  /**
   * The turn is over without its calls: what it planned is `cancelled`, what it began gets `outcome`, with their
   * events. Those `underWay` are another's to end: the customer was told that they take longer.
   */
  endOfTurn(
    ref: ConversationRef,
    turn: number,
    left: { outcome: CallOutcome; underWay: readonly string[] },
    now: Date,
  ): Promise<void>;

  /** What the conversation's tools work on, as it stands now. */
  context(ref: ConversationRef): Promise<CallContext>;

  /** A call as it stands; null: no such call here. */
  read(ref: CallRef): Promise<Call | null>;

  /**
   * What the model made of a builder's test message (EXT-8): written to a `planned` test row, which goes on as
   * `planned`, or ends as `refused` (no match, something missing) or `cancelled` (only a preview was asked for).
   */
  judge(ref: CallRef, judged: JudgedTest, now: Date): Promise<void>;
}

export interface JudgedTest {
  state: Extract<CallState, 'planned' | 'refused' | 'cancelled'>;
  reason: string | null;
  arguments: Json;
  confidence: number | null;
  missing: string[];
  /** The request as it would leave, secrets redacted. */
  preview: Json | null;
}

export type CancelReason = 'customer_refused' | 'other_topic' | 'not_answered' | 'replaced' | 'turn_failed';

/** Tests and replays have no conversation. */
export interface CallRef {
  organisationId: string;
  callId: string;
}

/** Where in a turn a call was decided. Step 0 is the understanding, 1 and later the agent's own. */
export interface CallStep {
  turn: number;
  /** How often the turn had started over. */
  round: number;
  step: number;
  epoch: number;
  answersSeq: number;
}

export interface NewCall {
  /** A node type, `external_action`, or whatever the model named that does not exist. */
  tool: string;
  externalAction: { id: string; version: number } | null;
  /** The model's own id of its proposal, and its arguments as it wrote them; null where understanding decided. */
  proposal: { id: string; arguments: string } | null;
  /** Resolved arguments, or the variables of an external action: what the digest is over. */
  arguments: Json;
  digest: string;
  reliability: Reliability;
  state: Extract<
    CallState,
    'planned' | 'gathering' | 'awaiting_confirmation' | 'awaiting_approval' | 'refused'
  >;
  /** An operator has to agree before it is made (APR-5); absent: nobody has to. */
  needsApproval?: boolean;
  /** Why it was refused, or has to be confirmed: a code. */
  reason: string | null;
  /** What the model is told of a refused call. */
  result: Json | null;
  confidence: number | null;
  /** The customer's words that led to it. */
  message: string;
  /** Names of the variables that are missing. */
  missing: string[];
}

export interface Call extends Omit<NewCall, 'state'> {
  id: string;
  organisationId: string;
  conversationId: string | null;
  origin: CallOrigin;
  turn: number | null;
  round: number;
  step: number;
  idempotencyKey: string;
  state: CallState;
  attempts: number;
  plannedAt: Date;
  /** When an operator was asked to agree to it (APR-5); absent: nobody was. */
  askedAt?: Date;
  /** How long the call took from its first attempt; null until it ended. */
  durationMs: number | null;
  statusCode: number | null;
  /** The receiver's answer, as far as it was JSON and small enough. */
  response: Json | null;
}

export type CallFence =
  /** Nothing is sent after `deadline`: from then on another attempt may pass. */
  | { kind: 'ready'; call: Call; attempt: number; repeat: boolean; deadline: Date; context: CallContext }
  /** It has ended, now or in an earlier run. */
  | { kind: 'ended'; call: Call }
  | { kind: 'too_early'; afterMs: number }
  | { kind: 'refused'; reason: 'newer_message' | 'epoch' | 'owner' | 'resolved' }
  | { kind: 'absent' };

/** The conversation a call is about: where a tool's ids come from, never from a model's arguments. */
export interface CallContext {
  /** Null for a builder's test. */
  conversationId: string | null;
  channel: ChannelKind;
  channelIntegrationId: string;
  agentId: string | null;
  contact: { id: string | null; name: string | null; phone: string | null };
  turn: number | null;
  epoch: number;
  /** Records that earlier calls of this conversation made in the CRM, newest first. */
  ownRecords: { deals: string[]; tickets: string[] };
}

/** What one attempt sent and got. Secrets are redacted before they get here (EXT-7). */
export interface AttemptRecord {
  request: Json | null;
  response: Json | null;
  statusCode: number | null;
  /** A code. */
  error: string | null;
  durationMs: number;
}

export interface CallOutcome {
  state: Extract<CallState, 'succeeded' | 'failed' | 'timed_out' | 'unknown' | 'refused'>;
  /** A code; null where it succeeded. */
  reason: string | null;
  /** What the model is told. */
  result: Json;
  /** The id of a record it made in the CRM. */
  record?: { kind: 'deal' | 'ticket'; id: string };
}
