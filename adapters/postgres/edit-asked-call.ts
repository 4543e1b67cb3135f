import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { EditCall, EditProblem } from '../../api/ports.ts';
import { canonicalJson } from '../../domain/canonical-json.ts';
import { DEFAULT_EXTERNAL_ACTION } from '../../domain/external-action.ts';
import type { ExternalAction, Json } from '../../domain/external-action.ts';
import { calledAs } from '../../domain/tool.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { contextOf } from './call-context.ts';
import { callDigest } from './call-digest.ts';
import type { DigestedCall } from './call-digest.ts';
import { lockConversationOf, readCall } from './call-rows.ts';
import { settingsOf } from './pending-approvals.ts';
import { storableJson } from './storable.ts';

const DEFINITION: Statement = {
  name: 'edit-definition',
  text: `
    select definition from external_action_versions
    where organisation_id = $1 and external_action_id = $2 and version = $3`,
};

const EDIT: Statement = {
  name: 'edit-call',
  text: `
    update calls set arguments = $3, digest = $4
    where organisation_id = $1 and id = $2 and state = 'awaiting_approval'
    returning tool, external_action_id, external_action_version, arguments`,
};

/** What had been proposed first is kept, however often it is edited. */
const BIND: Statement = {
  name: 'edit-bind',
  text: `
    update actions
    set digest = $3, proposed_digest = coalesce(proposed_digest, digest),
        proposed_arguments = coalesce(proposed_arguments, $4::json)
    where organisation_id = $1 and id = $2 and status = 'pending'`,
};

/**
 * Gives the call that waits for an action other arguments, and binds the action to what it is then (APR-5). Behind the
 * conversation's lock. The rules are the gateway's own, told what the call is. None: it is edited.
 */
export async function editAskedCall(
  tenancy: Tenancy,
  actionId: string,
  callId: string,
  edit: EditCall,
): Promise<EditProblem[]> {
  const { organisationId } = tenancy;
  const conversation = await lockConversationOf(tenancy, callId);
  const call = await readCall(tenancy, { organisationId, callId });
  if (conversation === undefined || call === undefined) throw new Error('an action is bound to no call');
  const settings = await settingsOf(tenancy, conversation);
  const edited = edit({
    tool: call.tool,
    arguments: call.arguments,
    proposal: call.proposal?.arguments ?? null,
    message: call.message,
    plannedAt: call.planned_at,
    action: await definitionOf(tenancy, call),
    added: settings.tools.find((tool) => calledAs(tool) === call.tool) ?? null,
    context: await contextOf(tenancy, conversation, call.turn),
  });
  if (edited.kind === 'problems') return edited.problems;
  const same = sameCallDigest(call.external_action_id, call.tool, edited.arguments);
  const values = [organisationId, callId, storableJson(edited.arguments), same];
  const [stored] = await tenancy.rows<DigestedCall & pg.QueryResultRow>(EDIT, values);
  if (stored === undefined) throw new Error('a pending action is not bound to a call that waits');
  await tenancy.rows(BIND, [organisationId, actionId, callDigest(stored), storableJson(call.arguments)]);
  return [];
}

async function definitionOf(
  tenancy: Tenancy,
  call: { external_action_id: string | null; external_action_version: number | null },
): Promise<ExternalAction | null> {
  if (call.external_action_id === null) return null;
  const key = [tenancy.organisationId, call.external_action_id, call.external_action_version];
  const [row] = await tenancy.rows<{ definition: ExternalAction }>(DEFINITION, key);
  return row === undefined ? null : { ...DEFAULT_EXTERNAL_ACTION, ...row.definition };
}

/** What tells the call from others of the conversation (ACT-8), as whoever plans calls makes it. */
function sameCallDigest(actionId: string | null, tool: string, args: Json): string {
  const name = actionId === null ? tool : `external_action:${actionId}`;
  return createHash('sha256')
    .update(`${name}\n${canonicalJson(args)}`)
    .digest('base64url');
}
