import type { TrialInput } from '../../contract/trial.ts';
import type { CallOrigin, CallState } from '../../domain/call.ts';
import type { ExternalAction, Json } from '../../domain/external-action.ts';
import type { Caller } from './caller.ts';
import type { Page, PageQuery } from './readers.ts';

/** An external action as it stands: its current version, its switch, and what came of it so far. */
export interface ExternalActionRecord {
  id: string;
  version: number;
  channelIntegrationId: string;
  isActive: boolean;
  definition: ExternalAction;
  /** Which of `authentication` and `signing_secret` are set; their values never leave. */
  secretsSet: string[];
  statistics: ExternalActionStatistics;
  createdAt: Date;
  updatedAt: Date;
}

/** Over every execution that was called, builders' live tests and replays included (EXT-7). */
export interface ExternalActionStatistics {
  executions: number;
  successes: number;
  /** Time-outs and unknown outcomes included. */
  failures: number;
  lastExecutedAt: Date | null;
  averageResponseTimeMs: number | null;
}

export type ActionSecret = 'authentication' | 'signing_secret';

export interface NewExternalAction {
  channelIntegrationId: string;
  isActive: boolean;
  definition: ExternalAction;
  secrets: Partial<Record<ActionSecret, string>>;
}

export interface ExternalActionChange {
  channelIntegrationId?: string;
  isActive?: boolean;
  /** A new version; null: only what is not part of a version changes. */
  definition: ExternalAction | null;
  /** Of the new version. What is not named is carried over; null takes it away. */
  secrets: Partial<Record<ActionSecret, string | null>>;
  /** Names of the fields that change, for the audit. */
  changed: string[];
}

export type SavedExternalAction =
  | { kind: 'saved'; record: ExternalActionRecord }
  | { kind: 'unknown' }
  | { kind: 'unknown_channel' }
  | { kind: 'name_taken' }
  /** The channel integration has its 100 active ones (EXT-1). */
  | { kind: 'too_many_active' }
  /** Somebody else saved a version meanwhile. */
  | { kind: 'overtaken' };

/** Builders' webhooks (EXT-1). Every change and its audit entry are one transaction. */
export interface ExternalActionSettings {
  list(
    caller: Caller,
    filter: { channel?: string; isActive?: boolean },
    page: PageQuery,
  ): Promise<Page<ExternalActionRecord>>;
  read(caller: Caller, id: string): Promise<ExternalActionRecord | null>;
  create(caller: Caller, action: NewExternalAction): Promise<SavedExternalAction>;
  /** Saves on top of `version`, and of nothing else. */
  update(
    caller: Caller,
    id: string,
    version: number,
    change: ExternalActionChange,
  ): Promise<SavedExternalAction>;
  /** Without a wish it becomes what it is not. Works at once and makes no version. */
  toggle(caller: Caller, id: string, isActive: boolean | null): Promise<SavedExternalAction>;
  /** An inactive copy, secrets included. Without a name it gets the first free one with a suffix. */
  duplicate(
    caller: Caller,
    id: string,
    as: { actionName?: string; channelIntegrationId?: string },
  ): Promise<SavedExternalAction>;
  /** Keeps the row for its log; nothing finds the action any more. Null: no such action here. */
  remove(caller: Caller, id: string): Promise<ExternalActionRecord | null>;
}

/** One row of the log (EXT-7). */
export interface Execution {
  id: string;
  externalActionId: string;
  version: number;
  origin: CallOrigin;
  conversationId: string | null;
  phone: string | null;
  message: string;
  confidence: number | null;
  /** The variables. */
  arguments: Json;
  missing: string[];
  /** What left, or would leave, with secrets redacted. */
  request: Json | null;
  response: Json | null;
  statusCode: number | null;
  state: CallState;
  /** A code. */
  error: string | null;
  /** From the first attempt to the end. */
  durationMs: number | null;
  attempts: number;
  idempotencyKey: string;
  replayOf: string | null;
  plannedAt: Date;
}

export interface ExecutionFilter {
  states?: readonly CallState[];
  from?: Date;
  to?: Date;
  conversation?: string;
}

/** The log of executions, and the rows that builders add to it. Deleted actions keep theirs. */
export interface Executions {
  /** Newest first; what was never meant to be called (previews, superseded calls) is left out. Null: no such action here. */
  list(
    caller: Caller,
    actionId: string,
    filter: ExecutionFilter,
    page: PageQuery,
  ): Promise<Page<Execution> | null>;
  read(caller: Caller, actionId: string, id: string): Promise<Execution | null>;
  /** Plans a test of the current version. Null: no such action here. */
  planTest(caller: Caller, actionId: string, test: PlannedTest): Promise<{ callId: string } | null>;
  /** Plans the same call once more, under its own Idempotency-Key, as the version it was. */
  planReplay(caller: Caller, actionId: string, id: string): Promise<PlannedReplay>;
  /** Ends a planned row that no workflow will run, with a code. A row that has begun stays as it is. */
  abandon(caller: Caller, id: string, reason: string): Promise<void>;
}

export interface PlannedTest {
  mode: 'try' | 'dry_run' | 'live';
  message: string;
  variables: Json;
}

export type PlannedReplay =
  | { kind: 'planned'; callId: string }
  | { kind: 'unknown' }
  /** It has not ended, or was never called. */
  | { kind: 'not_replayable'; state: CallState };

/** Runs tests and replays as workflows of their own. */
export interface Trials {
  /**
   * Starts the trial of a planned row and waits for its end, so long. `not_started`: Temporal is away, and the row
   * waits for nobody.
   */
  run(input: TrialInput, patienceMs: number): Promise<'ended' | 'running' | 'not_started'>;
}
