import type { AssignTo } from '../../domain/assignment.ts';
import type { Owner } from '../../domain/conversation.ts';
import type { CallRef } from './calls.ts';

/**
 * What the room tools do to a conversation of ours. Each is one transaction that checks the call's row (it must be
 * `calling`), does the effect and ends the call, so it happens exactly once however often it runs. A call that has
 * ended returns what came of it.
 */
export interface Rooms {
  assign(ref: CallRef, assignment: Assignment, now: Date): Promise<RoomOutcome>;
  resolve(ref: CallRef, closing: { message: string | null }, now: Date): Promise<RoomOutcome>;
  tag(ref: CallRef, tags: readonly string[], now: Date): Promise<RoomOutcome>;
}

export type Assignment = AssignTo & { closingMessage: string | null };

export type RoomOutcome =
  | { kind: 'done'; leaves: Leaving | null; operatorId: string | null; queued: boolean }
  /** Nothing was done: `room_not_found`, `division_not_found`, `operator_not_found`, `overtaken`. */
  | { kind: 'refused'; code: string };

/** The conversation is no longer the agent's. */
export interface Leaving {
  epoch: number;
  owner: Owner;
  resolved: boolean;
  /** The operator who has it; null in a queue, or when it is resolved. */
  assignee: string | null;
  /** The cause of the closing message that is planned and waits to be sent; null without one. */
  closingCause: string | null;
}
