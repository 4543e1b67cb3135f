import type { ApprovalRule, OnNewMessage } from './approval.ts';

/** A value as JSON has it. */
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

export const HTTP_METHODS = ['POST', 'GET', 'PUT', 'PATCH'] as const;
export type HttpMethod = (typeof HTTP_METHODS)[number];

export const VARIABLE_TYPES = ['text', 'number', 'whole_number', 'yes_no', 'date', 'choice'] as const;
export type VariableType = (typeof VARIABLE_TYPES)[number];

/** A value the model extracts from the customer's words (EXT-2). */
export interface Variable {
  name: string;
  /** Tells the model what to look for. */
  prompt: string;
  type: VariableType;
  required: boolean;
  /** Of the variable's own type; null: there is none. */
  defaultValue: string | number | boolean | null;
  /** What `choice` chooses from; empty for every other type. */
  options: string[];
}

/** How we show the receiver who calls; the secret itself is kept apart, sealed. */
export type Authentication =
  | { type: 'none' }
  | { type: 'bearer' }
  | { type: 'api_key'; /** The header that carries it. */ header: string };

/** A builder's webhook (EXT-1), as one saved version of it. */
export interface ExternalAction {
  actionName: string;
  displayName: string;
  description: string;
  icon: string | null;
  trainingExamples: { text: string; language: string }[];
  webhookUrl: string;
  httpMethod: HttpMethod;
  headers: Record<string, string>;
  authentication: Authentication;
  payloadTemplate: Json;
  variables: Variable[];
  successMessage: string;
  failureMessage: string;
  /** Said when the answer takes longer than the customer should wait (EXT-5). */
  inProgressMessage: string;
  priority: number;
  /** 0 to 1; a candidate below it is no match (INT-2). */
  confidenceThreshold: number;
  requiresConfirmation: boolean;
  confirmationMessage: string;
  /** Which calls wait for an operator (APR-5). */
  needsApproval: ApprovalRule;
  /** What the customer hears when one does. */
  approvalMessage: string;
  /** What becomes of one that waits when the customer writes. */
  onNewMessage: OnNewMessage;
  retryOnFailure: boolean;
  /** Attempts in all, the first included. */
  maxRetries: number;
  retryDelaySeconds: number;
  /** Executions a minute (EXT-9). */
  rateLimitPerMinute: number;
}

export const DEFAULT_EXTERNAL_ACTION = {
  description: '',
  icon: null,
  trainingExamples: [],
  httpMethod: 'POST',
  headers: {},
  authentication: { type: 'none' },
  payloadTemplate: {},
  variables: [],
  successMessage: 'Done. Your request was completed.',
  failureMessage: 'Sorry, your request could not be completed. Please try again later.',
  inProgressMessage: 'I am working on it and will write to you as soon as it is done.',
  priority: 0,
  confidenceThreshold: 0.8,
  requiresConfirmation: false,
  confirmationMessage: 'Shall I go ahead? Please answer yes or no.',
  needsApproval: null,
  approvalMessage:
    'A colleague of mine has to agree to this first. I will write to you as soon as it is decided.',
  onNewMessage: 'keep',
  retryOnFailure: true,
  maxRetries: 3,
  retryDelaySeconds: 1,
  rateLimitPerMinute: 60,
} as const satisfies Partial<ExternalAction>;

/**
 * In place of the default failure message where nobody knows how it ended: that it could not be completed would be one
 * word too sure, and a customer who repeats it has it twice.
 */
export const UNCERTAIN_MESSAGE =
  'It is not certain yet whether your request went through. Please do not repeat it; we will check.';

/** Names that every template may use besides the action's own variables (EXT-3). */
export const BUILT_IN_VARIABLES = [
  'phone_number',
  'message_text',
  'timestamp',
  'conversation_id',
  'customer_name',
  'channel',
] as const;
export type BuiltInVariable = (typeof BUILT_IN_VARIABLES)[number];

/** At most so many active ones per channel integration (EXT-1). */
export const MOST_ACTIVE_ACTIONS = 100;

/** Fewer training examples are saved with a warning (EXT-1). */
export const FEWEST_EXAMPLES = 5;
