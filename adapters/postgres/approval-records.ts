import type { ApprovalRecord } from '../../api/ports.ts';
import type { ApprovalStatus, Priority } from '../../domain/approval.ts';
import type { CallState } from '../../domain/call.ts';
import type { Json } from '../../domain/external-action.ts';
import { isUuid } from './as-organisation.ts';
import type { Statement, Tenancy } from './as-organisation.ts';

const COLUMNS = `
  a.id, a.conversation_id, a.agent_id, a.contact_id, p.name as contact_name, a.request_type, a.request_details,
  a.request_data, a.status, a.priority, a.user_response, a.response_data, a.decided_by, a.created_at, a.expires_at,
  a.resolved_at, a.digest, a.proposed_digest, k.id as call_id, k.tool, k.external_action_id,
  k.external_action_version, v.definition ->> 'actionName' as action_name,
  v.definition ->> 'displayName' as display_name, k.arguments, k.proposal, k.state as call_state,
  k.reason as call_reason
  from actions a join contacts p on p.organisation_id = $1 and p.id = a.contact_id
  left join calls k on k.organisation_id = $1 and k.id = a.call_id
  left join external_action_versions v on v.organisation_id = $1 and v.external_action_id = k.external_action_id
    and v.version = k.external_action_version`;

const READ: Statement = {
  name: 'approval-read',
  text: `select ${COLUMNS} where a.organisation_id = $1 and a.id = $2`,
};

export const LIST: Statement = {
  name: 'approval-list',
  text: `
    select ${COLUMNS}
    where a.organisation_id = $1
      and ($2::timestamptz is null or (a.created_at, a.id) < ($2, $3::uuid))
      and ($4::text is null or a.status = $4)
    order by a.created_at desc, a.id desc limit $5`,
};

export interface ApprovalRow {
  id: string;
  conversation_id: string;
  agent_id: string;
  contact_id: string;
  contact_name: string | null;
  request_type: string;
  request_details: string;
  request_data: Json;
  status: ApprovalStatus;
  priority: Priority;
  user_response: string | null;
  response_data: Json;
  decided_by: string | null;
  created_at: Date;
  expires_at: Date;
  resolved_at: Date | null;
  digest: string | null;
  proposed_digest: string | null;
  call_id: string | null;
  tool: string;
  external_action_id: string | null;
  external_action_version: number | null;
  action_name: string | null;
  display_name: string | null;
  arguments: Json;
  proposal: { arguments: string } | null;
  call_state: CallState;
  call_reason: string | null;
}

export function recordOf(row: ApprovalRow): ApprovalRecord {
  return {
    id: row.id,
    conversationId: row.conversation_id,
    agentId: row.agent_id,
    contact: { id: row.contact_id, name: row.contact_name },
    requestType: row.request_type,
    requestDetails: row.request_details,
    requestData: row.request_data,
    status: row.status,
    priority: row.priority,
    response: row.user_response,
    responseData: row.response_data,
    decidedBy: row.decided_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    resolvedAt: row.resolved_at,
    digest: row.digest,
    call: callOfApproval(row),
  };
}

function callOfApproval(row: ApprovalRow): ApprovalRecord['call'] {
  const { external_action_id: actionId, external_action_version: version } = row;
  if (row.call_id === null) return null;
  return {
    id: row.call_id,
    tool: row.tool,
    externalAction:
      actionId === null || version === null
        ? null
        : { id: actionId, version, name: row.action_name ?? '', displayName: row.display_name ?? '' },
    arguments: row.arguments,
    editable: row.proposal === null ? row.arguments : proposedArguments(row.proposal),
    state: row.call_state,
    reason: row.call_reason,
    edited: row.proposed_digest !== null,
  };
}

function proposedArguments({ arguments: text }: { arguments: string }): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return {};
  }
}

export async function readApproval(tenancy: Tenancy, id: string): Promise<ApprovalRecord | null> {
  if (!isUuid(id)) return null;
  const [row] = await tenancy.rows<ApprovalRow>(READ, [tenancy.organisationId, id]);
  return row === undefined ? null : recordOf(row);
}
