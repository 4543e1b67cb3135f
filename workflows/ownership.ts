import type { ConversationState } from '../contract/conversation.ts';
import type { EnteredRow } from '../contract/rows.ts';

/** Who has the conversation, by what rows and Postgres say. */

export type Holder = Pick<ConversationState, 'queued' | 'assignee'>;
const NOBODY: Holder = { queued: false, assignee: null };

export function holderOf({ kind, assignee = null }: EnteredRow): Holder {
  return { queued: kind === 'assign' && assignee === null, assignee };
}

/**
 * What Postgres said outranks what signals said, unless a newer signal came meanwhile. A take does not say who has
 * the conversation: the row of that change will.
 */
export function ownership(
  state: ConversationState,
  read: Pick<ConversationState, 'epoch' | 'owner' | 'resolved'> & Partial<Holder>,
): Pick<ConversationState, 'epoch' | 'owner' | 'resolved'> & Holder {
  const { epoch, owner, resolved, queued, assignee } = read.epoch >= state.epoch ? read : state;
  const known = epoch === state.epoch ? state : NOBODY;
  return { epoch, owner, resolved, queued: queued ?? known.queued, assignee: assignee ?? known.assignee };
}

/**
 * Of what is resolved only a customer's message makes the next epoch; whatever came behind it tells of its own. What
 * operators had not decided was withdrawn with the resolve, and no row tells of it.
 */
export function reopened(state: ConversationState): ConversationState {
  return { ...state, resolved: false, owner: 'agent', ...NOBODY, epoch: state.epoch + 1, openApprovals: [] };
}
