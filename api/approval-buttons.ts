import { BUTTONS, endedRequestInWords, endInWords, readButtonValue } from '../domain/approval-message.ts';
import { roleAllows } from '../domain/role.ts';
import { tellWaiting } from './approvals.ts';
import type { Gateway } from './gateway.ts';
import type { ApprovalRecord, BlockAction, ReceivingIntegration } from './ports.ts';

/** What a press comes to. */
export interface Press {
  /** For whoever pressed, and nobody else. */
  tell: string | null;
  /** In place of the message with the button, once that is good for nothing any more. */
  shows: string | null;
}

const DECISIONS = new Map<string, 'approve' | 'deny'>([
  [BUTTONS.approve, 'approve'],
  [BUTTONS.deny, 'deny'],
]);

const NOT_OURS = told(
  'This button no longer does anything. The request may have ended, or this is not its message.',
);

const ANOTHER_CALL = told('It is another call by now than the one shown here. Nothing was decided.');

/**
 * A press on one of the buttons of a request (APR-7). Slack says who pressed; whether they may is judged here, and then it
 * is a decision like any other: of all who decide at once one does, and the others are told who and when (APR-4).
 */
export async function pressed(
  action: BlockAction,
  integration: ReceivingIntegration,
  gateway: Gateway,
): Promise<Press> {
  const decision = DECISIONS.get(action.actionId);
  const button = readButtonValue(action.value);
  if (decision === undefined || button === null) return NOT_OURS;
  const { organisationId } = integration;
  const { actionId: id } = button;
  const member = await mayDecide(action, id, integration, gateway);
  if ('tell' in member) return member;

  const now = gateway.clock.now();
  await gateway.presses.standsAt(organisationId, id, `${action.channel}:${action.messageTs}`, now);
  const decider = { organisationId, keyId: null, memberId: member.id };
  const result = await gateway.approvals.decide(
    decider,
    id,
    { decision, response: null, responseData: null, digest: button.digest },
    now,
  );
  if (result.kind === 'unknown' || result.kind === 'invalid') return NOT_OURS;
  if (result.kind === 'changed') return ANOTHER_CALL;
  tellWaiting(gateway, result);
  return result.kind === 'done'
    ? { tell: null, shows: await inTheEnd(organisationId, result.approval, gateway) }
    : lost(organisationId, result.approval, gateway);
}

/** The member behind the user, or what they are told; whoever may not is written down. */
async function mayDecide(
  { userId }: BlockAction,
  approvalId: string,
  integration: ReceivingIntegration,
  { presses, refusals }: Gateway,
): Promise<{ id: string } | Press> {
  const refuse = async (reason: string, text: string) => {
    const detail = { approval: approvalId, slack_user: userId };
    await refusals.record(integration, { attempt: 'approval', reason, from: null, detail });
    return told(text);
  };
  // Without it anybody's workspace may be behind the signature, and its users be called like ours.
  if (integration.settings['team_id'] === undefined)
    return refuse('no_team', 'Nobody can decide here: the channel does not name its workspace (team_id).');
  const member = await presses.memberOf(integration, userId);
  if (member === null)
    return refuse(
      'no_member',
      `You are not known as a member who may decide. An admin can set that (${userId}).`,
    );
  if (!roleAllows(member.role, 'operator'))
    return refuse('role', `A ${member.role} may not decide on requests.`);
  return member;
}

async function lost(organisationId: string, approval: ApprovalRecord, gateway: Gateway): Promise<Press> {
  const end = await gateway.presses.end(organisationId, approval.id);
  const tell = end === null ? NOT_OURS.tell : `Too late: ${endInWords(end)}`;
  return { tell, shows: await inTheEnd(organisationId, approval, gateway) };
}

async function inTheEnd(
  organisationId: string,
  { id, contact, conversationId, ...asked }: ApprovalRecord,
  { presses, options }: Gateway,
): Promise<string | null> {
  const end = await presses.end(organisationId, id);
  if (end === null) return null;
  return endedRequestInWords(
    { ...asked, customer: contact.name },
    end,
    `${options.publicUrl}/v1/conversations/${conversationId}`,
  );
}

function told(tell: string): Press {
  return { tell, shows: null };
}
