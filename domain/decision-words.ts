import type { ApprovalStatus } from './approval.ts';
import type { CallState } from './call.ts';
import type { ExternalAction, Json } from './external-action.ts';
import { UNCERTAIN_MESSAGE } from './external-action.ts';
import { outcomeMessage } from './outcome-message.ts';
import type { Values } from './template.ts';

type Ended = Exclude<ApprovalStatus, 'pending'>;

/** A request of the model's own. A withdrawn one was for the operators, and is nothing to tell. */
const OF_REQUEST: Record<Ended, string | null> = {
  approved: 'Your request was approved.',
  denied: 'Your request was not approved.',
  expired: 'Nobody of our team could decide on your request in time. Please ask again if it still matters.',
  cancelled: null,
};

/** Of a call that waited the customer knows (APR-5). */
const OF_CALL: Record<Exclude<Ended, 'approved'>, string> = {
  denied: 'Your request was not approved, so it was not carried out.',
  expired:
    'Nobody of our team could agree to your request in time, so it was not carried out. Please ask again if it still matters.',
  cancelled: 'Your request was withdrawn and not carried out.',
};

const BY_CUSTOMER =
  'You wrote again while your request was waiting for a colleague, so it was withdrawn and not carried out.';

/** What was decided, as far as the customer's words depend on it. */
export interface DecidedWords {
  status: ApprovalStatus;
  /** The operator's own words to the customer. */
  response: string | null;
  /** The customer's new message withdrew it. */
  byCustomer: boolean;
  call: { state: CallState; response: Json } | null;
}

/**
 * What the customer is told where the agent's model does not word it: the operator's own words, or a plain sentence; of
 * an external action that ran its own message besides. Null: nothing.
 */
export function decisionWords(
  { status, response, byCustomer, call }: DecidedWords,
  action: { definition: ExternalAction; values: Values } | null,
): string | null {
  if (status === 'pending') return null;
  const own = response?.trim() ?? '';
  if (call === null) return own === '' ? OF_REQUEST[status] : own;
  if (status !== 'approved') return own === '' ? notMade(status, byCustomer) : own;
  if (action === null) return own === '' ? made(call.state) : own;
  const { text } = outcomeMessage(action.definition, call.state, action.values, call.response);
  return own === '' ? text : `${own}\n\n${text}`;
}

function notMade(status: Exclude<Ended, 'approved'>, byCustomer: boolean): string {
  return status === 'cancelled' && byCustomer ? BY_CUSTOMER : OF_CALL[status];
}

function made(state: CallState): string {
  if (state === 'succeeded') return 'Your request was approved and carried out.';
  if (state === 'unknown' || state === 'timed_out') return UNCERTAIN_MESSAGE;
  return 'Your request was approved, but it could not be carried out.';
}
