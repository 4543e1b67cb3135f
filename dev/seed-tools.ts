import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { asOrganisation } from '../adapters/postgres/as-organisation.ts';
import { openCompanyTokens } from '../adapters/postgres/company-token.ts';
import type { Secrets } from '../adapters/secrets/secrets.ts';
import type { AgentTool } from '../domain/tool.ts';
import { COMPONENTS, FLAGS } from '../domain/tool.ts';
import { PIPELINES } from './stand-ins/crm-records.ts';

const [pipeline] = PIPELINES;
const NEW_RECORD = {
  crm_pipeline_id: pipeline?.id,
  crm_stage_id: pipeline?.stages[0]?.id,
  customer_contact_association: true,
};

/** What the example agent may do; what is not named here is the model's to fill. */
export const EXAMPLE_TOOLS: AgentTool[] = [
  { nodeType: 'qontak_crm_ticket_create', fields: NEW_RECORD, requiresConfirmation: false },
  { nodeType: 'qontak_crm_ticket_update', fields: {}, requiresConfirmation: false },
  { nodeType: 'qontak_crm_deal_create', fields: NEW_RECORD, requiresConfirmation: false },
  { nodeType: 'qontak_chat_room_assign', fields: { assign_type: 'auto' }, requiresConfirmation: false },
  { nodeType: 'qontak_chat_room_tag', fields: {}, requiresConfirmation: false },
  { nodeType: 'qontak_chat_room_resolve', fields: {}, requiresConfirmation: false },
];

/**
 * Lets the example organisation use every tool, and gives its agent the example's (ACT-7); once and never again, so
 * that what is switched off or taken away stays so.
 */
export async function ensureTools(pool: pg.Pool, organisationId: string, agentId: string): Promise<void> {
  const now = new Date();
  await asOrganisation(pool, organisationId, async (tenancy) => {
    const flag = `
      insert into feature_flags (organisation_id, name, enabled, updated_at) values ($1, $2, true, $3)
      on conflict do nothing returning name`;
    const set = (name: string) =>
      tenancy.rows({ name: 'seed-flag', text: flag }, [organisationId, name, now]);
    await set(FLAGS.api);
    if ((await set(FLAGS.actions)).length === 0) return;
    const component = `
      insert into subscribed_components (organisation_id, code, created_at)
      select $1, unnest($2::text[]), $3 on conflict do nothing`;
    const codes = [COMPONENTS.deal, COMPONENTS.ticket, ...COMPONENTS.base];
    await tenancy.rows({ name: 'seed-components', text: component }, [organisationId, codes, now]);
    const tools = `
      update agents set settings = settings || $3::jsonb, version = version + 1, updated_at = $4
      where organisation_id = $1 and id = $2 and not settings ? 'tools'`;
    const settings = JSON.stringify({ tools: EXAMPLE_TOOLS });
    await tenancy.rows({ name: 'seed-agent-tools', text: tools }, [organisationId, agentId, settings, now]);
  });
}

/** Every token that begins like this is exchanged by the stand-in for the one that is good there. */
const STAND_IN_TOKEN = 'crm-stand-in-';

/** Connects the example organisation to the stand-in, unless somebody connected or disconnected it. */
export async function ensureCrm(pool: pg.Pool, secrets: Secrets, organisationId: string): Promise<void> {
  const tokens = openCompanyTokens(pool, secrets);
  const disconnected = `
    select from audit where organisation_id = $1 and action = 'connection.removed'
      and subject = '__qontak_crm_company_token' limit 1`;
  const ended = await asOrganisation(pool, organisationId, (tenancy) =>
    tenancy.rows({ name: 'seed-disconnected', text: disconnected }, [organisationId]),
  );
  if (ended.length > 0 || (await isReadable(tokens, organisationId))) return;
  await tokens.save(organisationId, STAND_IN_TOKEN + randomBytes(18).toString('base64url'), new Date());
}

/** One that was sealed with a key that is lost is as good as none. */
async function isReadable(
  tokens: ReturnType<typeof openCompanyTokens>,
  organisationId: string,
): Promise<boolean> {
  try {
    return (await tokens.read(organisationId)) !== null;
  } catch {
    return false;
  }
}
