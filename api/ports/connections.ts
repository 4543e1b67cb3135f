import type { Caller } from './caller.ts';

/** Credentials of the organisation for the world outside: sealed when stored, and never read back here (TEN-3). */
export interface Connections {
  /** The CRM's always, whether it is there or not, then the builder's own by code. */
  list(caller: Caller): Promise<ConnectionRecord[]>;
  /** `too_many`: it would be one more than an organisation may have. */
  save(caller: Caller, code: string, credential: Credential): Promise<ConnectionRecord | 'too_many'>;
  /** Null: there is none. */
  remove(caller: Caller, code: string): Promise<ConnectionRecord | null>;
  /** Whether the CRM's tools can reach it: by a stored token, or by the environment's key where that serves (ACT-2). */
  isCrmConnected(caller: Caller): Promise<boolean>;
}

export interface ConnectionRecord {
  code: string;
  connected: boolean;
  /** Null where nothing is stored. */
  updatedAt: Date | null;
}

/** The CRM's company token, or what an `api` tool shows the receiver. */
export type Credential =
  | { token: string }
  | { type: 'bearer'; origin: string; value: string }
  | { type: 'api_key'; origin: string; header: string; value: string };
