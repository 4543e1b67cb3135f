import type { Json } from '../../domain/external-action.ts';

/** The Qontak CRM over HTTP (ACT-2). */
export interface Crm {
  /**
   * One request with the organisation's company token, or the environment's key where no token is stored. A 401
   * refreshes the token once (many at once refresh once) and repeats the request. Never throws for what the CRM does.
   */
  request(organisationId: string, request: CrmRequest, signal: AbortSignal): Promise<CrmAnswer>;
  /** Whether there is a token, or a key that serves this installation. */
  isConnected(organisationId: string): Promise<boolean>;
}

export interface CrmRequest {
  method: 'GET' | 'POST' | 'PUT';
  /** Below the base URL, e.g. `/api/v3.1/deals`; parts are encoded already. */
  path: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  body?: Json;
  timeoutMs: number;
}

export type CrmAnswer =
  | { kind: 'ok'; status: number; body: Json }
  /** Nothing happened there. `message` is the CRM's own, for the agent (ACT-2). */
  | { kind: 'rejected'; status: number; message: string }
  /** 429 or 5xx that says so: nothing happened, later may be well. */
  | { kind: 'busy'; status: number; retryAfterMs: number | null }
  /** It may have happened. */
  | { kind: 'unknown'; code: string }
  /** The request never left. */
  | { kind: 'nothing_sent'; code: string }
  | { kind: 'not_connected' };
