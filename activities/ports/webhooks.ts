import type { HttpMethod } from '../../domain/external-action.ts';

/**
 * One HTTP attempt at an address that a builder chose, through the guarded way out (EXT-6). Never throws for what the
 * other side does, and never follows a redirect.
 */
export interface Webhooks {
  call(request: WebhookRequest, signal: AbortSignal): Promise<WebhookAnswer>;
}

export interface WebhookRequest {
  organisationId: string;
  /** Whose secrets authenticate and sign the request; the adapter opens them, nobody else sees them. */
  secrets: { externalActionId: string; version: number } | { connection: string } | null;
  method: HttpMethod | 'DELETE';
  url: string;
  headers: Record<string, string>;
  /** Null where the payload is in the URL, or there is none. */
  body: string | null;
  /** The same over all attempts and replays. */
  idempotencyKey: string;
  /** The `webhook-id`: the call's id, the same over all attempts. */
  callId: string;
  timeoutMs: number;
}

export type WebhookAnswer =
  /** `body` is the text as far as the cap; `truncated` says that there was more. */
  | {
      kind: 'answered';
      status: number;
      body: string;
      truncated: boolean;
      retryAfterMs: number | null;
      durationMs: number;
    }
  | {
      kind: 'no_answer';
      /** `blocked_destination`, `timed_out`, `connection_lost`, `nothing_sent`, `bad_request` … */
      code: string;
      mayHaveArrived: boolean;
      durationMs: number;
    };
