import type { ApprovalStatus, Priority } from './approval.ts';
import { assigneeOf } from './escalation.ts';
import type { Json } from './external-action.ts';
import { inOneLine } from './one-line.ts';

/** A request to operators where they read it without a console: on Slack (APR-7). */
export interface ApprovalInWords {
  requestType: string;
  requestDetails: string;
  /** As operators may see it: of a call its arguments, without secrets. */
  requestData: Json;
  priority: Priority;
  customer: string | null;
  expiresAt: Date;
}

export interface EndInWords {
  status: Exclude<ApprovalStatus, 'pending'>;
  /** By name; null where time did. */
  by: string | null;
  at: Date;
}

/** Slack takes more; nobody reads more. */
const LONGEST_DETAILS = 2_000;
const LONGEST_DATA = 4_000;
const LONGEST_VALUE = 300;
const LONGEST_LIST = 10;

const ENDS: Record<EndInWords['status'], string> = {
  approved: 'Approved',
  denied: 'Denied',
  cancelled: 'Withdrawn',
  expired: 'Expired without a decision',
};

/** What is asked, while it can be decided. */
export function requestInWords(request: ApprovalInWords, url: string): string {
  const until = minuteOf(request.expiresAt);
  return `A request waits for a decision (${request.priority}, until ${until})\n${askedIn(request)}\n${url}`;
}

/** The same once it has ended. */
export function endedRequestInWords(request: ApprovalInWords, end: EndInWords, url: string): string {
  return `${endInWords(end)}\n${askedIn(request)}\n${url}`;
}

/** Who ended it, how and when (APR-4). */
export function endInWords({ status, by, at }: EndInWords): string {
  return `${ENDS[status]}${by === null ? '' : ` by ${by}`} at ${minuteOf(at)}.`;
}

function askedIn({ requestType, requestDetails, requestData, customer }: ApprovalInWords): string {
  const what = `${requestType}${customer === null ? '' : `, for ${customer}`}: ${requestDetails}`;
  const data = requestData === null ? '' : `\n${cut(JSON.stringify(eachCut(requestData)), LONGEST_DATA)}`;
  return `${cut(inOneLine(what), LONGEST_DETAILS)}${data}`;
}

/** A long value, which a customer may have written, must not push another out of sight. */
function eachCut(value: Json): Json {
  if (typeof value === 'string') return cut(value, LONGEST_VALUE);
  if (value === null || typeof value !== 'object') return value;
  if (!Array.isArray(value))
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, eachCut(inner)]));
  const shown = value.slice(0, LONGEST_LIST).map(eachCut);
  return value.length > LONGEST_LIST ? [...shown, '…'] : shown;
}

function cut(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest).toWellFormed()}…` : text;
}

function minuteOf(time: Date): string {
  return `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** A channel of the organisation's Slack, or one of its users. */
export function isSlackTarget(id: string): boolean {
  return /^[CGUW][A-Z0-9]{2,30}$/.test(id);
}

/** Where requests are posted: the agent's own target, otherwise whom it calls, where that is a user of Slack; null: nowhere. */
export function slackTargetOf(agent: {
  approvalSlackTarget: string | null;
  escalationAssignee: string | null;
}): string | null {
  if (agent.approvalSlackTarget !== null) return agent.approvalSlackTarget;
  const assignee = agent.escalationAssignee === null ? null : assigneeOf(agent.escalationAssignee);
  return assignee?.kind === 'slack' ? assignee.userId : null;
}

/**
 * What a button carries: which request, and the digest of the call as whoever presses it sees it; never arguments.
 * A request that is no call has no digest.
 */
export function buttonValue(actionId: string, digest: string | null): string {
  return digest === null ? actionId : `${actionId}:${digest}`;
}

const BUTTON_VALUE = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?::([\x21-\x7e]{1,200}))?$/;

/** Null: nothing that one of our buttons carries. */
export function readButtonValue(value: string): { actionId: string; digest: string | null } | null {
  const [, actionId, digest = null] = BUTTON_VALUE.exec(value) ?? [];
  return actionId === undefined ? null : { actionId, digest };
}

/** The buttons of such a message. */
export const BUTTONS = { approve: 'approval.approve', deny: 'approval.deny' } as const;
