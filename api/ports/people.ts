import type { MemberRole } from '../../domain/role.ts';
import type { Caller } from './caller.ts';
import type { OutgoingSignal } from './inbox.ts';
import type { Page, PageQuery } from './readers.ts';

/** The organisation's persons, their divisions, and who of them is there (ACT-5). Every change is audited. */
export interface People {
  members(caller: Caller, page: PageQuery): Promise<Page<MemberRecord>>;
  member(caller: Caller, id: string): Promise<MemberRecord | null>;
  createMember(
    caller: Caller,
    member: NewMember,
  ): Promise<MemberRecord | 'unknown_division' | 'slack_user_taken'>;
  /** `has_keys`: another role would not be that of the member's keys. */
  updateMember(
    caller: Caller,
    id: string,
    change: Partial<NewMember>,
  ): Promise<MemberRecord | null | 'unknown_division' | 'slack_user_taken' | 'has_keys'>;
  /**
   * Revokes the member's keys, and puts the conversations the member has back into their queues; those are returned
   * to be signalled.
   * `last_admin`: nobody could manage the organisation any more.
   */
  removeMember(
    caller: Caller,
    id: string,
  ): Promise<{ removed: MemberRecord; requeued: OutgoingSignal[] } | null | 'last_admin'>;

  divisions(caller: Caller, page: PageQuery): Promise<Page<DivisionRecord>>;
  division(caller: Caller, id: string): Promise<DivisionRecord | null>;
  createDivision(
    caller: Caller,
    division: NewDivision,
  ): Promise<DivisionRecord | 'unknown_member' | 'name_taken'>;
  updateDivision(
    caller: Caller,
    id: string,
    change: Partial<NewDivision>,
  ): Promise<DivisionRecord | null | 'unknown_member' | 'name_taken'>;
  /** What waits in its queue goes on waiting in the organisation's own, and is returned to be signalled. */
  removeDivision(
    caller: Caller,
    id: string,
  ): Promise<{ removed: DivisionRecord; moved: OutgoingSignal[] } | null>;

  /** Which of these are divisions, and members who may be given a conversation: operators and admins. */
  known(
    caller: Caller,
    ids: { member: readonly string[]; division: readonly string[] },
  ): Promise<{ member: string[]; division: string[] }>;

  /** Null: the caller's key belongs to nobody, or no longer. */
  presence(caller: Caller): Promise<Presence | null>;
  /**
   * Who is online is given what waits in the queues of their divisions and the organisation's own, the longest
   * waiting first, one transaction each, until they have as much as they can take. What they got is returned to be
   * signalled.
   */
  setPresence(
    caller: Caller,
    change: { online: boolean; capacity?: number },
  ): Promise<(Presence & { assigned: OutgoingSignal[] }) | null>;
}

export interface MemberRecord {
  id: string;
  name: string;
  role: MemberRole;
  /** How many conversations at once. */
  capacity: number;
  online: boolean;
  /** The user of the organisation's Slack whose presses are this member's (APR-7). */
  slackUserId: string | null;
  /** Ids of divisions. */
  divisions: string[];
  createdAt: Date;
}

export interface NewMember {
  name: string;
  role: MemberRole;
  capacity?: number;
  slackUserId?: string | null;
  divisions?: string[];
}

export interface DivisionRecord {
  id: string;
  name: string;
  /** Ids of members. */
  members: string[];
  /** Conversations in its queue. */
  waiting: number;
  createdAt: Date;
}

export interface NewDivision {
  name: string;
  members?: string[];
}

export interface Presence {
  online: boolean;
  capacity: number;
  /** Conversations the member has. */
  open: number;
}
