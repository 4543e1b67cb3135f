import type { BusinessHours } from './business-hours.ts';
import type { EscalationRule } from './escalation.ts';
import { DEFAULT_ESCALATION_NOTICES } from './escalation-notices.ts';
import type { EscalationNotices } from './escalation-notices.ts';
import type { IdleRule } from './idle-rule.ts';
import type { CoreIntent } from './intents.ts';
import type { AgentTool } from './tool.ts';
import { CORE_INTENTS } from './intents.ts';

/** How the agent speaks for one core intent (INT-1). */
export interface Personality {
  name: string;
  prompt: string;
  tone?: string;
}

/** The configured AI. Times in seconds, as the builder writes them. */
export interface AgentSettings {
  /** The prompt for every core intent that has no personality of its own. */
  prompt: string;
  personalities: Partial<Record<CoreIntent, Personality>>;
  waitTimeSeconds: number;
  waitCapSeconds: number;
  /** A turn may start over with newer messages before its first effect outside (CONV-4). */
  regroup: boolean;
  /** Sent when the model has failed for good (CONV-5). */
  fallbackReply: string;
  /** How many past messages the model sees besides the summary (CONV-10). */
  messageLimit: number;
  /** Overrides the installation's model. */
  model?: string;
  temperature?: number;
  /** Whether pictures are shown to it; otherwise it knows them by name and caption (CHAN-7). */
  modelSeesImages: boolean;
  /** Topics the agent is limited to on WhatsApp (CHAN-6). */
  toolAssignments: string[];
  /** Whether a customer may ask for a person in plain words (ESC-1). */
  naturalLanguageEscalation: boolean;
  /** How long a question to the customer stays open before the call it is about is cancelled (EXT-4). */
  confirmationTimeoutSeconds: number;
  /** How long the customer waits for an external action before being told that it takes longer (EXT-5). */
  actionPatienceSeconds: number;
  /** What the agent may do besides talking (ACT-3). */
  tools: AgentTool[];
  /** What the customer's silence leads to, as it was saved (IDLE-1); read it with `stepsOf`. */
  idleRule: IdleRule | null;
  /** Overrides the organisation's flag for sequences of idle steps (IDLE-2). */
  sequentialIdle: boolean | null;
  /** Whether the sequence also runs while a person has the conversation (IDLE-9). */
  idleWhileAssigned: boolean;
  /** Null: people are there at all times (IDLE-10, ESC-7). */
  businessHours: BusinessHours | null;
  escalationRules: EscalationRule[];
  /** Who is called: a member's id, or a user's id in the organisation's Slack. Null: nobody (ESC-2). */
  escalationAssignee: string | null;
  escalationNotices: EscalationNotices;
  /** The customer of an escalated conversation is told so once in so many seconds (ESC-3). */
  quietPeriodSeconds: number;
  /** How long a person who was called may take before being reminded (ESC-6). */
  responseTimeSeconds: number;
  /** When operators are first reminded of a request that nobody has decided (APR-3). */
  approvalReminderSeconds: number;
  /** How long a request waits for a decision (APR-3). */
  approvalExpirySeconds: number;
  /** A channel or a user of the organisation's Slack that requests are posted to; null: see `slackTargetOf` (APR-7). */
  approvalSlackTarget: string | null;
  /** How many requests there may be for one contact within 24 hours (APR-6). */
  approvalsPerContactPerDay: number;
}

export const DEFAULT_AGENT_SETTINGS: AgentSettings = {
  prompt: 'You are a helpful customer-service agent. Answer briefly, in the language of the customer.',
  personalities: {},
  waitTimeSeconds: 8,
  waitCapSeconds: 30,
  regroup: true,
  fallbackReply: 'Sorry, I cannot answer right now. Please try again in a moment.',
  messageLimit: 20,
  modelSeesImages: true,
  toolAssignments: [],
  naturalLanguageEscalation: false,
  confirmationTimeoutSeconds: 900,
  actionPatienceSeconds: 15,
  tools: [],
  idleRule: null,
  sequentialIdle: null,
  idleWhileAssigned: false,
  businessHours: null,
  escalationRules: [],
  escalationAssignee: null,
  escalationNotices: DEFAULT_ESCALATION_NOTICES,
  quietPeriodSeconds: 1800,
  responseTimeSeconds: 900,
  approvalReminderSeconds: 3_600,
  approvalExpirySeconds: 86_400,
  approvalSlackTarget: null,
  approvalsPerContactPerDay: 10,
};

/** As it is stored: only what was ever set. */
export type StoredAgentSettings = Partial<Omit<AgentSettings, 'escalationNotices'>> & {
  escalationNotices?: Partial<EscalationNotices>;
};

/** Fills what a stored or partial setting leaves open. Total: unknown members are kept out by the API's schema. */
export function completeAgentSettings(stored: StoredAgentSettings): AgentSettings {
  const escalationNotices = { ...DEFAULT_ESCALATION_NOTICES, ...stored.escalationNotices };
  return { ...DEFAULT_AGENT_SETTINGS, ...stored, escalationNotices };
}

/**
 * Whether a turn needs the understanding call (INT-4): it is left out where nothing depends on it,
 * that is with at most one personality, no external action and no natural-language escalation.
 */
export function needsUnderstanding(settings: AgentSettings, externalActions: number): boolean {
  const personalities = CORE_INTENTS.filter((intent) => settings.personalities[intent] !== undefined).length;
  return personalities > 1 || externalActions > 0 || settings.naturalLanguageEscalation;
}

/** The voice for a core intent; the agent's own prompt where the builder made no personality for it. */
export function personalityFor(settings: AgentSettings, intent: CoreIntent): Personality {
  const only = Object.values(settings.personalities);
  const chosen = settings.personalities[intent] ?? (only.length === 1 ? only[0] : undefined);
  return chosen ?? { name: 'default', prompt: settings.prompt };
}
