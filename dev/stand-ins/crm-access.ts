import { randomBytes } from 'node:crypto';
import type { LocalCall } from './local-http-server.ts';

/** Who may ask the CRM stand-in: one company token at a time, and a key when one was set. */
export interface CrmAccess {
  /** Undefined: let in. */
  whyNot(call: LocalCall): string | undefined;
  /** A new token in place of the one that the call names; the old one stops working. */
  refresh(call: LocalCall): { token: string } | { whyNot: string };
  set(settings: Partial<AccessSettings> & { expire_tokens?: boolean }): void;
  shown(): AccessSettings & { token: string; expired: boolean; refreshes: number };
  reset(): void;
}

export interface AccessSettings {
  /** Empty: no key is good. */
  api_key: string;
  refuse_refresh: boolean;
}

const PREFIX = 'crm-stand-in-';

export function openCrmAccess(apiKey: string): CrmAccess {
  const initial: AccessSettings = { api_key: apiKey, refuse_refresh: false };
  const newToken = () => `${PREFIX}${randomBytes(18).toString('base64url')}`;
  let settings = initial;
  let token = newToken();
  let expired = false;
  let refreshes = 0;
  const retired = new Set<string>();

  const bearer = (call: LocalCall) => /^Bearer (.+)$/.exec(call.headers.authorization ?? '')?.[1];
  const hasKey = (call: LocalCall) =>
    settings.api_key !== '' && call.headers['x-crm-api-key'] === settings.api_key;

  return {
    whyNot(call) {
      const given = bearer(call);
      if (given === undefined)
        return hasKey(call) ? undefined : 'a company token or X-Crm-Api-Key is required';
      if (given === token && !expired) return undefined;
      return given === token ? 'the company token has expired' : 'the company token is not valid';
    },
    refresh(call) {
      const given = bearer(call);
      // One of an earlier life of this process is as good as an expired one: a restarted stage goes on.
      const known = given === token || (given?.startsWith(PREFIX) === true && !retired.has(given));
      if (settings.refuse_refresh || given === undefined || !known)
        return { whyNot: 'the company token cannot be refreshed' };
      retired.add(token).add(given);
      token = newToken();
      expired = false;
      refreshes += 1;
      return { token };
    },
    set({ expire_tokens, ...rest }) {
      if (expire_tokens !== undefined) expired = expire_tokens;
      settings = { ...settings, ...rest };
    },
    shown: () => ({ ...settings, token, expired, refreshes }),
    reset() {
      settings = initial;
      expired = false;
    },
  };
}
