import type pg from 'pg';
import type { ActionRef, ApprovalPosts, BegunPost, EndedPost, SendOutcome } from '../../activities/ports.ts';
import { completeAgentSettings } from '../../domain/agent.ts';
import type { StoredAgentSettings } from '../../domain/agent.ts';
import type { ApprovalStatus, Priority } from '../../domain/approval.ts';
import { slackTargetOf } from '../../domain/approval-message.ts';
import type { ApprovalInWords, EndInWords } from '../../domain/approval-message.ts';
import type { Json } from '../../domain/external-action.ts';
import { deciderName } from './decider-name.ts';
import { asOrganisation, isUuid } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { recordEvent } from './events.ts';

const READ: Statement = {
  name: 'approval-post-read',
  text: `
    select a.conversation_id, a.agent_id, a.digest, a.status, a.request_type, a.request_details,
      a.request_data, a.priority,
      a.expires_at, a.resolved_at, a.decided_by, p.name as customer, g.settings,
      s.state, s.provider_message_id, s.shown
    from actions a
    join contacts p on p.organisation_id = $1 and p.id = a.contact_id
    join agents g on g.organisation_id = $1 and g.id = a.agent_id
    left join approval_posts s on s.organisation_id = $1 and s.action_id = a.id
    where a.organisation_id = $1 and a.id = $2`,
};

/** Of two that begin at once one does. */
const BEGIN: Statement = {
  name: 'approval-post-begin',
  text: `
    insert into approval_posts as s (organisation_id, action_id, target, state, begun_at, updated_at)
    values ($1, $2, $3, 'posting', $4, $4)
    on conflict (organisation_id, action_id) do update
      set state = 'posting', target = excluded.target, begun_at = $4, updated_at = $4
      where s.state = 'not_posted'
    returning action_id`,
};

const UNCERTAIN: Statement = {
  name: 'approval-post-uncertain',
  text: `
    update approval_posts
    set state = case when provider_message_id is null then 'uncertain' else 'posted' end, updated_at = $3
    where organisation_id = $1 and action_id = $2 and state = 'posting'
    returning state`,
};

/** Slack's own word of it may have come first, and is better. */
const NOTE: Statement = {
  name: 'approval-post-note',
  text: `
    update approval_posts
    set state = case when $3 = 'uncertain' and provider_message_id is not null then 'posted' else $3 end,
      provider_message_id = coalesce(provider_message_id, $4), failure_code = $5, updated_at = $6
    where organisation_id = $1 and action_id = $2 and state in ('posting', 'uncertain')
    returning state`,
};

const SHOWN: Statement = {
  name: 'approval-post-shown',
  text: `
    update approval_posts set shown = $3, updated_at = $4 where organisation_id = $1 and action_id = $2`,
};

interface Row {
  conversation_id: string;
  agent_id: string;
  digest: string | null;
  status: ApprovalStatus;
  request_type: string;
  request_details: string;
  request_data: Json;
  priority: Priority;
  expires_at: Date;
  resolved_at: Date | null;
  decided_by: string | null;
  customer: string | null;
  settings: StoredAgentSettings;
  state: 'not_posted' | 'posting' | 'posted' | 'uncertain' | 'failed' | null;
  provider_message_id: string | null;
  shown: string | null;
}

/** See `ApprovalPosts`. */
export function openApprovalPosts(pool: pg.Pool): ApprovalPosts {
  return {
    begin: (ref, now) =>
      asOrganisation(pool, ref.organisationId, async (tenancy): Promise<BegunPost> => {
        const row = await read(tenancy, ref);
        if (row === null) return { kind: 'nothing', code: 'ended' };
        const { state, digest } = row;
        if (state === 'posted' || state === 'uncertain' || state === 'failed')
          return { kind: 'nothing', code: state };
        if (state === 'posting') return lostPost(tenancy, ref, row, now);
        if (row.status !== 'pending' || row.expires_at <= now) return { kind: 'nothing', code: 'ended' };
        const target = slackTargetOf(completeAgentSettings(row.settings));
        if (target === null) return { kind: 'nothing', code: 'no_target' };
        const begun = await tenancy.rows(BEGIN, [...keyOf(ref), target, now]);
        if (begun.length === 0) return { kind: 'nothing', code: 'uncertain' };
        return {
          kind: 'begun',
          target,
          request: requestOf(row),
          conversationId: row.conversation_id,
          digest,
        };
      }),

    note: (ref, outcome, now) =>
      asOrganisation(pool, ref.organisationId, async (tenancy) => {
        const row = await read(tenancy, ref);
        if (row === null) return;
        const { state, id, code } = endOf(outcome);
        const [noted] = await tenancy.rows<{ state: string }>(NOTE, [...keyOf(ref), state, id, code, now]);
        if (noted !== undefined && noted.state !== 'not_posted')
          await tell(tenancy, ref, row, { state: noted.state, code }, now);
      }),

    ended: (ref) =>
      asOrganisation(pool, ref.organisationId, async (tenancy): Promise<EndedPost | null> => {
        const row = await read(tenancy, ref);
        if (row === null || row.status === 'pending' || row.resolved_at === null) return null;
        const { provider_message_id: providerMessageId, shown, status } = row;
        if (providerMessageId === null || shown === status) return null;
        const by = await deciderName(tenancy, row.decided_by);
        const end = { status, by, at: row.resolved_at };
        return { providerMessageId, request: requestOf(row), end, conversationId: row.conversation_id };
      }),

    noteShown: (ref, status: EndInWords['status'], now) =>
      asOrganisation(pool, ref.organisationId, async (tenancy) => {
        await tenancy.lastRows(SHOWN, [...keyOf(ref), status, now]);
      }),
  };
}

function keyOf({ organisationId, actionId }: ActionRef): [string, string] {
  return [organisationId, actionId];
}

/** Null: erased. */
async function read(tenancy: Tenancy, ref: ActionRef): Promise<Row | null> {
  if (!isUuid(ref.actionId)) return null;
  const [row] = await tenancy.rows<Row>(READ, keyOf(ref));
  return row ?? null;
}

/** An attempt that died under way may have posted it; unless Slack has told of it, nobody knows. */
async function lostPost(tenancy: Tenancy, ref: ActionRef, row: Row, now: Date): Promise<BegunPost> {
  const [noted] = await tenancy.rows<{ state: 'uncertain' | 'posted' }>(UNCERTAIN, [...keyOf(ref), now]);
  if (noted === undefined) return { kind: 'nothing', code: 'uncertain' };
  const code = noted.state === 'uncertain' ? 'outcome_unknown' : null;
  await tell(tenancy, ref, row, { state: noted.state, code }, now);
  return { kind: 'nothing', code: noted.state };
}

function endOf(outcome: SendOutcome): {
  state: NonNullable<Row['state']>;
  id: string | null;
  code: string | null;
} {
  switch (outcome.kind) {
    case 'sent':
      return { state: 'posted', id: outcome.providerMessageId, code: null };
    case 'failed':
      return { state: 'failed', id: null, code: outcome.code };
    case 'unknown':
      return { state: 'uncertain', id: null, code: outcome.code };
    case 'try_again':
      return { state: outcome.mayHaveArrived ? 'uncertain' : 'not_posted', id: null, code: outcome.code };
  }
}

function tell(
  tenancy: Tenancy,
  { actionId }: ActionRef,
  { conversation_id, agent_id }: Row,
  { state, code }: { state: string; code: string | null },
  now: Date,
): Promise<void> {
  const properties = { action_id: actionId, agent_id, state, code };
  return recordEvent(tenancy, conversation_id, 'approval_posted', properties, now);
}

function requestOf(row: Row): ApprovalInWords {
  return {
    requestType: row.request_type,
    requestDetails: row.request_details,
    requestData: row.request_data,
    priority: row.priority,
    customer: row.customer,
    expiresAt: row.expires_at,
  };
}
