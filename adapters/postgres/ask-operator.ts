import type { OnNewMessage } from '../../domain/approval.ts';
import type { AgentSettings } from '../../domain/agent.ts';
import type { ApprovalRequest } from '../../domain/approval-request.ts';
import { waitingResult } from '../../domain/call-approval.ts';
import type { ExternalAction } from '../../domain/external-action.ts';
import { redactedArguments } from '../../domain/redacted-request.ts';
import { calledAs } from '../../domain/tool.ts';
import type { Statement, Tenancy } from './as-organisation.ts';
import { callDigest } from './call-digest.ts';
import { storeCallEvents } from './call-events.ts';
import { CALL_COLUMNS, overtaken } from './call-rows.ts';
import type { CallRow } from './call-rows.ts';
import { fileApproval, madeInADay, settingsOf } from './pending-approvals.ts';
import type { AskingConversation } from './pending-approvals.ts';
import { storableJson } from './storable.ts';

export type { AskingConversation } from './pending-approvals.ts';

const DEFINITION: Statement = {
  name: 'ask-definition',
  text: `
    select definition from external_action_versions
    where organisation_id = $1 and external_action_id = $2 and version = $3`,
};

const ASKED: Statement = {
  name: 'ask-asked',
  text: `
    update calls k set state = 'awaiting_approval', asked_at = $3, result = $4
    where k.organisation_id = $1 and k.id = $2
    returning ${CALL_COLUMNS}`,
};

const NOT_ASKED: Statement = {
  name: 'ask-not-asked',
  text: `
    update calls k set state = $4, reason = $5, ended_at = $3, result = $6
    where k.organisation_id = $1 and k.id = $2
    returning ${CALL_COLUMNS}`,
};

/**
 * Asks the operators about the exact call, in the transaction that planned or confirmed it (APR-5): the action is bound
 * to its digest. Nobody is asked where a person has come between, nor beyond what one contact may ask for (APR-6).
 */
export async function askOperator(
  tenancy: Tenancy,
  conversation: AskingConversation,
  call: CallRow,
  now: Date,
): Promise<CallRow> {
  const between = overtaken(conversation, call.epoch);
  if (between !== null) return notAsked(tenancy, call, { state: 'cancelled', reason: between }, now);
  const settings = await settingsOf(tenancy, conversation);
  const made = await madeInADay(tenancy, conversation.contact_id, now);
  if (made >= settings.approvalsPerContactPerDay)
    return notAsked(tenancy, call, { state: 'refused', reason: 'limit_reached' }, now);

  const { name, request, onNewMessage } = await describe(tenancy, settings, call);
  const bound = { digest: callDigest(call), onNewMessage };
  const filed = await fileApproval(
    tenancy,
    { call, conversation, request: requestFor(call, name, request), settings, bound },
    now,
  );
  const waiting = { ...filed, ...(onNewMessage === 'keep' ? {} : { onNewMessage }) };
  const values = [tenancy.organisationId, call.id, now, storableJson(waitingResult(waiting))];
  return changed(await tenancy.rows<CallRow>(ASKED, values));
}

/** What the operators read of it: what it is called, and the builder's own words about it. */
async function describe(
  tenancy: Tenancy,
  settings: AgentSettings,
  call: CallRow,
): Promise<{ name: string; request: string; onNewMessage: OnNewMessage }> {
  if (call.external_action_id === null) {
    const added = settings.tools.find((tool) => calledAs(tool) === call.tool);
    return { name: call.tool, request: call.tool, onNewMessage: added?.onNewMessage ?? 'keep' };
  }
  const version = [tenancy.organisationId, call.external_action_id, call.external_action_version];
  const [row] = await tenancy.rows<{ definition: ExternalAction }>(DEFINITION, version);
  if (row === undefined) throw new Error('a call names a version that is not there');
  const { actionName, displayName, onNewMessage = 'keep' } = row.definition;
  return { name: actionName, request: displayName, onNewMessage };
}

const LONGEST_TYPE = 100;
const LONGEST_DETAILS = 2_000;

function requestFor(call: CallRow, name: string, what: string): ApprovalRequest {
  const said = call.message.trim();
  const details = `The agent wants to do this for the customer: ${what}.`;
  return {
    requestType: name.slice(0, LONGEST_TYPE),
    requestDetails: (said === '' ? details : `${details} The customer wrote: ${said}`)
      .slice(0, LONGEST_DETAILS)
      .toWellFormed(),
    priority: 'medium',
    requestData: redactedArguments(call.tool, call.arguments),
  };
}

async function notAsked(
  tenancy: Tenancy,
  call: CallRow,
  { state, reason }: { state: 'cancelled' | 'refused'; reason: string },
  now: Date,
): Promise<CallRow> {
  const error =
    reason === 'limit_reached'
      ? 'No more requests to colleagues may be made for this customer today. Nothing was done.'
      : 'A person has the conversation. Nothing was done.';
  const values = [tenancy.organisationId, call.id, now, state, reason, storableJson({ ok: false, error })];
  const row = changed(await tenancy.rows<CallRow>(NOT_ASKED, values));
  await storeCallEvents(tenancy, [call.id], state === 'cancelled' ? 'cancelled' : 'failed', now);
  return row;
}

function changed([row]: CallRow[]): CallRow {
  if (row === undefined) throw new Error('a call is gone while its conversation is locked');
  return row;
}
