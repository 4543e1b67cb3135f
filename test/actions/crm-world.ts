import { strict as assert } from 'node:assert';
import type pg from 'pg';
import type { CrmRequest } from '../../activities/ports.ts';
import { openCompanyTokens } from '../../adapters/postgres/company-token.ts';
import { openCrm } from '../../adapters/qontak/open-crm.ts';
import { openSecrets } from '../../adapters/secrets/secrets.ts';
import { look } from '../postgres/installation.ts';

const secrets = openSecrets(`k1:${Buffer.alloc(32, 7).toString('base64')}`);

/** A process's way to the CRM, over a pool of its own or a shared one. */
export function openProcess(
  pool: pg.Pool,
  options: { baseUrl: string | null; apiKey?: string; clock: { now(): Date }; refreshTimeoutMs?: number },
) {
  const tokens = openCompanyTokens(pool, secrets);
  return { tokens, crm: openCrm({ apiKey: null, ...options, tokens }) };
}

export const NEW_DEAL = { crm_pipeline_id: 1, crm_stage_id: 11, name: 'Aurora lamp' };

export function createDeal(more: Partial<CrmRequest> = {}): CrmRequest {
  return { method: 'POST', path: '/api/v3.1/deals', body: NEW_DEAL, timeoutMs: 5_000, ...more };
}

interface Entry {
  method: string;
  path: string;
  query: string;
  headers: Record<string, string>;
  body: string;
  status: number | null;
  done: boolean;
}

/** The controls and the journal of the CRM stand-in at this address. */
export function crmStandIn(base: string) {
  const control = async (settings: object): Promise<{ token: string; refreshes: number }> => {
    const response = await fetch(`${base}/control`, { method: 'POST', body: JSON.stringify(settings) });
    const shown = (await response.json()) as { token: string; refreshes: number };
    assert.equal(response.status, 200, JSON.stringify(shown));
    return shown;
  };
  return {
    base,
    control,
    token: async () => (await control({})).token,
    async journal(path = ''): Promise<Entry[]> {
      const response = await fetch(`${base}/journal?limit=5000`);
      const { entries } = (await response.json()) as { entries: Entry[] };
      return entries.filter((entry) => entry.path.startsWith(path));
    },
    refreshes(): Promise<Entry[]> {
      return this.journal('/api/v3.1/teams/company_token');
    },
    async clean(): Promise<void> {
      await control({ reset: true });
      await fetch(`${base}/journal`, { method: 'DELETE' });
    },
  };
}

/** Outcomes of the organisation's token refreshes, in order. */
export async function refreshEvents(pool: pg.Pool, organisationId: string): Promise<unknown[]> {
  const rows = await look<{ properties: unknown; conversation_id: string | null }>(
    pool,
    organisationId,
    `select properties, conversation_id from events where name = 'qontak_action_token_refreshed' order by number`,
  );
  assert.ok(rows.every((row) => row.conversation_id === null));
  return rows.map((row) => row.properties);
}
