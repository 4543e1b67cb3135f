import type { ConversationState } from '../contract/conversation.ts';
import type { EnteredRow } from '../contract/rows.ts';
import type { Fact } from './fact.ts';

/** What is decided about requests to operators (APR-3): the conversation waits for none of them, and tells each. */

export function afterApproval(
  state: ConversationState,
  fact: Extract<Fact, { fact: 'approvalAsked' | 'decisionTold' }>,
): ConversationState {
  const { actionId } = fact;
  if (fact.fact === 'decisionTold')
    return { ...state, decisions: state.decisions.filter((decision) => decision.actionId !== actionId) };
  // An operator may decide before the child that waits for it has begun: then there is nothing to wait for.
  if ([...state.openApprovals, ...state.decisions].some((known) => known.actionId === actionId)) return state;
  return { ...state, openApprovals: [...state.openApprovals, { actionId, expiresAt: fact.expiresAt }] };
}

/** A row that is signalled again changes nothing; one that was cancelled is nothing to tell. */
export function decided(state: ConversationState, row: EnteredRow): ConversationState {
  const { action } = row;
  const known = action === undefined || state.decisions.some(({ rowId }) => rowId === row.id);
  if (known) return state;
  const openApprovals = state.openApprovals.filter(({ actionId }) => actionId !== action.id);
  return { ...state, openApprovals, decisions: [...state.decisions, { actionId: action.id, rowId: row.id }] };
}
