import type { ConversationRef } from '../contract/conversation.ts';
import type { ApprovalPosts } from './ports/approval-posts.ts';
import type { Approvals } from './ports/approvals.ts';
import type { Calls } from './ports/calls.ts';
import type { Crm } from './ports/crm.ts';
import type { Escalations } from './ports/escalations.ts';
import type { ExternalActions } from './ports/external-actions.ts';
import type { GateReader } from './ports/gates.ts';
import type { Humans } from './ports/humans.ts';
import type { Idle } from './ports/idle.ts';
import type { Channels, Ledger, PlaceholderPosts, Placeholders } from './ports/ledger.ts';
import type { MediaSource, MediaStore, Transcriber } from './ports/media.ts';
import type { Model } from './ports/model.ts';
import type { Rooms } from './ports/rooms.ts';
import type { Transcript } from './ports/transcript.ts';
import type { Watches } from './ports/watches.ts';
import type { Webhooks } from './ports/webhooks.ts';

export type * from './ports/approval-posts.ts';
export type * from './ports/approvals.ts';
export type * from './ports/calls.ts';
export type * from './ports/crm.ts';
export type * from './ports/escalations.ts';
export type * from './ports/external-actions.ts';
export type * from './ports/gates.ts';
export type * from './ports/humans.ts';
export type * from './ports/idle.ts';
export type * from './ports/rooms.ts';
export type * from './ports/transcript.ts';
export type * from './ports/ledger.ts';
export type * from './ports/media.ts';
export type * from './ports/model.ts';
export type * from './ports/watches.ts';
export type * from './ports/webhooks.ts';

/** The wall clock; business deadlines get it as a value, so that a test can move it. */
export interface Clock {
  now(): Date;
}

/** Stored events (OBS-1): names and enums, never words. */
export interface Events {
  record(ref: ConversationRef, name: string, properties: Record<string, unknown>, now: Date): Promise<void>;
}

/** Where the real error goes that a failure's reference points at. Redacted by the logger. */
export interface FailureLog {
  record(failure: {
    reference: string;
    code: string;
    activity: string;
    /** Workflow id, which names the conversation; null outside a workflow. */
    workflow: string | null;
    /** Counts from 1. */
    attempt: number;
    error: unknown;
  }): void;
}

/** A named point at which a fault test may end the process, or hold what it does; does nothing in production. */
export type Failpoint = (
  name:
    | 'send.before_fence'
    | 'send.before_call'
    | 'send.after_call'
    | 'send.after_record'
    | 'call.planned'
    | 'call.before'
    | 'call.after'
    | 'call.recorded'
    /** Of every activity, by its name. */
    | `${string}.begins`
    | `${string}.ends`,
  /** Where it is known there. */
  conversationId?: string,
) => void | Promise<void>;

export interface ActivityPorts {
  failpoint: Failpoint;
  clock: Clock;
  transcript: Transcript;
  ledger: Ledger;
  channels: Channels;
  placeholders: Placeholders;
  placeholderPosts: PlaceholderPosts;
  model: Model;
  transcriber: Transcriber;
  media: MediaStore;
  mediaSource: MediaSource;
  calls: Calls;
  externalActions: ExternalActions;
  webhooks: Webhooks;
  crm: Crm;
  rooms: Rooms;
  approvals: Approvals;
  approvalPosts: ApprovalPosts;
  gates: GateReader;
  idle: Idle;
  escalations: Escalations;
  humans: Humans;
  watches: Watches;
  /** Where people look at a conversation; words of ours link to it. */
  conversationUrl(conversationId: string): string;
  events: Events;
  failures: FailureLog;
}
