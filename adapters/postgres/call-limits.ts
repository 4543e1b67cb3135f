import type { Statement, Tenancy } from './as-organisation.ts';
import type { CallRow } from './call-rows.ts';

/** Executions a minute of one organisation, over all its external actions and `api` calls (EXT-9). */
const ORGANISATION_PER_MINUTE = 600;

/** One at a time counts and begins, so that a limit is a limit. Always taken after the locks on rows. */
const QUEUE_UP: Statement = {
  name: 'call-limit-queue-up',
  text: `select pg_advisory_xact_lock(7275541, hashtext($1))`,
};

const COUNT: Statement = {
  name: 'call-limit-count',
  text: `
    select count(*)::integer as of_organisation,
      count(*) filter (where external_action_id = $3)::integer as of_action
    from calls
    where organisation_id = $1 and began_at > $2
      and (external_action_id is not null or tool = 'api' or tool like 'api\\_%')`,
};

/** Whether one more execution in this minute would be too many (EXT-9). Tools of the house have no limit. */
export async function isOverLimit(
  tenancy: Tenancy,
  call: Pick<CallRow, 'external_action_id' | 'tool'> & { rate_limit: number | null },
  now: Date,
): Promise<boolean> {
  const { organisationId } = tenancy;
  const leavesTheHouse =
    call.external_action_id !== null || call.tool === 'api' || call.tool.startsWith('api_');
  if (!leavesTheHouse) return false;
  await tenancy.rows(QUEUE_UP, [organisationId]);
  const since = new Date(now.getTime() - 60_000);
  const [made] = await tenancy.rows<{ of_organisation: number; of_action: number }>(COUNT, [
    organisationId,
    since,
    call.external_action_id,
  ]);
  if (made === undefined) throw new Error('a count brought no row');
  if (made.of_organisation >= ORGANISATION_PER_MINUTE) return true;
  return call.rate_limit !== null && made.of_action >= call.rate_limit;
}
