import type { WebhookRequest } from '../../activities/ports.ts';

/** What authenticates and signs a request, in the clear. Keep it out of logs and answers. */
export interface WebhookSecrets {
  authentication?: { type: 'bearer'; value: string } | { type: 'api_key'; header: string; value: string };
  /** The only origin that may receive them; absent: they belong to the request's own URL. */
  onlyTo?: string;
  /** `whsec_` and base64; absent: the request is not signed. */
  signingSecret?: string;
}

/** Opens the secrets a request refers to; null: there are none under that reference. */
export type SecretsOf = (
  organisationId: string,
  ref: NonNullable<WebhookRequest['secrets']>,
) => Promise<WebhookSecrets | null>;
