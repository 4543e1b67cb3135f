import type { Effect, Reliability } from '../../domain/call.ts';
import type { Json } from '../../domain/external-action.ts';
import type { AgentTool, NodeType, ToolGroup } from '../../domain/tool.ts';
import type { Approvals } from '../ports/approvals.ts';
import type { AttemptRecord, Call, CallContext, CallOutcome } from '../ports/calls.ts';
import type { Crm } from '../ports/crm.ts';
import type { ModelTool } from '../ports/model.ts';
import type { Leaving, Rooms } from '../ports/rooms.ts';
import type { Webhooks } from '../ports/webhooks.ts';

/** One node type: its schema, its gate's subject and its executor (ACT-1). */
export interface Tool {
  nodeType: NodeType;
  group: ToolGroup;
  /** What the picker calls it. */
  label: string;
  effect: Effect;
  reliability: Reliability;
  /** True for tools whose second identical call in a later turn is asked about (ACT-8). */
  creates: boolean;
  /** JSON Schema of the fields a builder may fix, for the picker. */
  fieldsSchema: Record<string, unknown>;
  /** What is wrong with a builder's fields; empty when they may be saved (ACT-3). */
  problemsOf(fields: Record<string, unknown>): FieldProblem[];
  /** The function offered to the model: only what the builder left open, never ids of foreign records. */
  offer(tool: AgentTool): ModelTool;
  /** The builder's fields with placeholders filled, and the model's for what was left open. */
  resolve(tool: AgentTool, proposed: unknown, situation: Situation): Resolved;
  /** One attempt. Never throws for what the other side does. */
  execute(ports: ToolPorts, attempt: Attempt): Promise<Executed>;
}

export interface FieldProblem {
  /** Path below `fields`. */
  field: string;
  message: string;
}

export interface Situation {
  context: CallContext;
  /** The conversation's placeholders (EXT-3): phone_number, customer_name, … */
  placeholders: Record<string, Json>;
}

export type Resolved =
  | { kind: 'ready'; arguments: Json; effect: Effect; reliability: Reliability }
  /** `message` is told to the model; it quotes nothing that is secret. */
  | { kind: 'refused'; code: string; message: string };

export interface ToolPorts {
  crm: Crm;
  rooms: Rooms;
  webhooks: Webhooks;
  approvals: Approvals;
  clock: { now(): Date };
  /** For what a tool keeps to itself and nobody else would hear of. */
  failures: { record(failure: ToolFailure): void };
}

export interface ToolFailure {
  reference: string;
  code: string;
  activity: string;
  workflow: string | null;
  attempt: number;
  error: unknown;
}

export interface Attempt {
  call: Call;
  context: CallContext;
  /** An earlier attempt may have had the effect: `lookup` tools ask first. */
  repeat: boolean;
  signal: AbortSignal;
  timeoutMs: number;
}

export type Executed =
  | { kind: 'ended'; outcome: CallOutcome; attempt: AttemptRecord | null; leaves: Leaving | null }
  /** Nothing is certain, or nothing happened: the workflow may try again. */
  | { kind: 'try_again'; afterMs: number | null; code: string; attempt: AttemptRecord };
