import type { ConversationRef } from '../../contract/conversation.ts';

/** A person is called (ESC-1 to ESC-3). Every method is one transaction. */
export interface Escalations {
  /**
   * Marks the conversation escalated, with its audit entry and event, while the agent has it; marked already, it stays
   * as it is. Null: a person has it, or had it since the turn's message was planned, or it is over.
   */
  escalate(
    ref: ConversationRef,
    why: { turn: number; rule: string; reason: string; assignee: string | null },
    now: Date,
  ): Promise<Escalated | null>;

  /**
   * Where `escalate` found that a person has it: the epoch in which the turn's message told the customer of a call, if the
   * person took the conversation over since. Null: nobody did, or it is over.
   */
  takenOverSince(ref: ConversationRef, turn: number): Promise<number | null>;

  /** A rule matched and nobody is named to be called: only an event (ESC-2). */
  noteNobody(ref: ConversationRef, why: { turn: number; rule: string }, now: Date): Promise<void>;

  /** True once in each quiet period: the customer is to be told again that a person was called (ESC-3). */
  noticeDue(ref: ConversationRef, quietMs: number, now: Date): Promise<boolean>;

  /** Whether an operator is online. */
  anyoneOnline(organisationId: string): Promise<boolean>;

  /** What whoever is called needs to know, oldest message first; null: the conversation was erased. */
  briefing(ref: ConversationRef): Promise<Briefing | null>;
}

export interface Escalated {
  escalatedAt: Date;
  /** As long as the conversation has this one, it is escalated. */
  epoch: number;
  /** The turn's message is the notice of it. */
  told: boolean;
}

export interface Briefing {
  /** The member who has the conversation, as the organisation's Slack knows them; null: nobody, or it does not. */
  holder: string | null;
  /** The same of whom the agent calls. */
  assignee: string | null;
  reason: string;
  customerName: string | null;
  channel: string;
  recent: { from: 'customer' | 'agent' | 'operator'; text: string }[];
}
