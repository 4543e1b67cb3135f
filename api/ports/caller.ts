import type { ChannelKind } from '../../domain/channel.ts';
import type { Role } from '../../domain/role.ts';

/** Who a request speaks for. The organisation comes from the credential and from nowhere else (TEN-1). */
export interface Caller {
  organisationId: string;
  keyId: string;
  /** The person whose key it is; null for a program's. */
  memberId: string | null;
  role: Role;
  /** Where a browser asks, with its cookie. */
  session?: CallerSession;
}

export interface CallerSession {
  id: string;
  /** What a request that changes anything has to name besides the cookie. */
  csrfToken: string;
  seenAt: Date;
  expiresAt: Date;
}

/** A key that opens nothing, of an organisation all the same: so the attempt can be written down there. */
export interface RefusedKey {
  organisationId: string;
  keyId: string;
  reason: 'secret' | 'revoked' | 'expired';
}

/** Before the organisation is known: these look-ups and nothing else (DESIGN section 6). */
export interface Lookup {
  /** Null for an unknown, revoked or expired key. */
  apiKey(key: string): Promise<Caller | null>;
  /** Why a key was null, where its id is one of ours. */
  refusedKey(key: string): Promise<RefusedKey | null>;
  /** By the token of the cookie; null where the session or its key is unknown or over. */
  session(token: string): Promise<Caller | null>;
  /** Null for an unknown integration. Secrets are decrypted; keep them out of logs. */
  channelIntegration(id: string): Promise<ReceivingIntegration | null>;
}

export interface ReceivingIntegration {
  id: string;
  organisationId: string;
  agentId: string;
  kind: ChannelKind;
  active: boolean;
  /** Non-secret settings, e.g. phone_number_id, reply_url. */
  settings: Record<string, string>;
  secrets: Record<string, string>;
}
