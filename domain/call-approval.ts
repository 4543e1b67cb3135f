import type { OnNewMessage } from './approval.ts';
import { ON_NEW_MESSAGE } from './approval.ts';
import type { Json } from './external-action.ts';

/** What waits for an operator, as whoever has to wait for the decision needs it. Epoch milliseconds. */
interface Waiting {
  actionId: string;
  remindAt: number | null;
  expiresAt: number;
  /** Absent: it goes on waiting whatever the customer writes. */
  onNewMessage?: Exclude<OnNewMessage, 'keep'>;
}

const WAITING =
  'A colleague has to agree first. Nothing was done yet, and do not ask for it again: tell the customer that a ' +
  'colleague is asked and that they hear of the decision. Never promise what it will be.';

/** What the model is told of a call that waits for an operator, and what is read from it again (APR-5). */
export function waitingResult({
  actionId,
  remindAt,
  expiresAt,
  onNewMessage,
}: Waiting): Record<string, Json> {
  return {
    ok: false,
    waiting: WAITING,
    action_id: actionId,
    ...(remindAt === null ? {} : { remind_at: new Date(remindAt).toISOString() }),
    expires_at: new Date(expiresAt).toISOString(),
    ...(onNewMessage === undefined ? {} : { on_new_message: onNewMessage }),
  };
}

/** Null: the result tells of no call that waits. */
export function readWaitingResult(result: Json): Waiting | null {
  if (typeof result !== 'object' || result === null || Array.isArray(result)) return null;
  const { waiting, action_id: actionId, remind_at, expires_at, on_new_message } = result;
  if (waiting === undefined || typeof actionId !== 'string' || typeof expires_at !== 'string') return null;
  const remindAt = typeof remind_at === 'string' ? Date.parse(remind_at) : null;
  const policy = ON_NEW_MESSAGE.find((known) => known === on_new_message);
  return {
    actionId,
    remindAt,
    expiresAt: Date.parse(expires_at),
    ...(policy === undefined || policy === 'keep' ? {} : { onNewMessage: policy }),
  };
}

/** Why a call was never made that waited for an operator; the codes of its row. */
export const NOT_APPROVED = {
  denied: 'not_approved',
  expired: 'approval_expired',
  cancelled: 'approval_withdrawn',
} as const;

/** What the model is told of it. */
export function notApprovedResult(status: keyof typeof NOT_APPROVED): Record<string, Json> {
  const how = {
    denied: 'A colleague did not agree.',
    expired: 'No colleague decided in time.',
    cancelled: 'The request to a colleague was withdrawn.',
  };
  return { ok: false, error: `${how[status]} Nothing was done.` };
}
