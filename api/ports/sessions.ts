import type { Role } from '../../domain/role.ts';
import type { Caller } from './caller.ts';
import type { Page, PageQuery } from './readers.ts';

/** Browsers that are signed in with a key (TEN-2). Beginning and ending are audited. */
export interface Sessions {
  /** `token` is for the cookie and is kept nowhere; `caller` is who a request with it speaks for. */
  begin(caller: Caller, now: Date): Promise<{ token: string; caller: Caller }>;
  /** Notes that the caller's session is in use. */
  seen(caller: Caller, now: Date): Promise<void>;
  whoIs(caller: Caller): Promise<Holder>;
  list(caller: Caller, page: PageQuery): Promise<Page<SessionRecord>>;
  /** Ended before is ended. Null: there is none, or it is one of the owner's and the caller is not. */
  end(caller: Caller, id: string, now: Date): Promise<SessionRecord | null>;
}

/** Who a credential belongs to, by name. */
export interface Holder {
  organisation: { id: string; name: string };
  member: { id: string; name: string } | null;
  key: { id: string; name: string };
}

export interface SessionRecord {
  id: string;
  key: { id: string; name: string };
  memberId: string | null;
  role: Role;
  createdAt: Date;
  seenAt: Date;
  expiresAt: Date;
  /** Also where the key was revoked. */
  endedAt: Date | null;
}
