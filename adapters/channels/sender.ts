import type { Delivery, SendOutcome } from '../../activities/ports.ts';
import type { IntegrationSettings } from './integrations.ts';

/**
 * Hands one message to a provider, once. Resolves for whatever the provider or the network does; a rejection is a
 * defect of ours and leaves the outcome unknown. Codes are names and numbers, never words or tokens.
 */
export type Sender = (
  delivery: Delivery,
  integration: IntegrationSettings,
  signal: AbortSignal,
) => Promise<SendOutcome>;

/** What every sender is made of. */
export interface SenderParts {
  clock: { now(): Date };
  /** For one call, from name look-up to the last byte of the answer. */
  timeoutMs: number;
}
