import type { ConversationState, OpenApproval } from '../contract/conversation.ts';
import type { EnteredRow } from '../contract/rows.ts';
import type { Fact } from './fact.ts';

/** What is decided about requests to operators (APR-3): the conversation waits for none of them, and tells each. */

type ApprovalFact = Extract<
  Fact,
  { fact: 'approvalAsked' | 'decisionTold' | 'approvedCallBegan' | 'approvedCallEnded' }
>;

export function afterApproval(state: ConversationState, fact: ApprovalFact): ConversationState {
  switch (fact.fact) {
    case 'approvalAsked': {
      // An operator may decide before the child that waits for it has begun: then there is nothing to wait for.
      const known = [...state.openApprovals, ...state.decisions];
      const isKnown = known.some(({ actionId }) => actionId === fact.approval.actionId);
      return isKnown ? state : { ...state, openApprovals: [...state.openApprovals, fact.approval] };
    }
    case 'decisionTold': {
      const others = ({ actionId }: { actionId: string }) => actionId !== fact.actionId;
      const { openApprovals, decisions } = state;
      return { ...state, openApprovals: openApprovals.filter(others), decisions: decisions.filter(others) };
    }
    case 'approvedCallBegan':
      return { ...state, callsUnderWay: [...state.callsUnderWay, fact.callId] };
    case 'approvedCallEnded': {
      const callsUnderWay = state.callsUnderWay.filter((id) => id !== fact.callId);
      const isKnown = state.decisions.some(({ rowId }) => rowId === fact.decision?.rowId);
      const decisions =
        fact.decision === null || isKnown ? state.decisions : [...state.decisions, fact.decision];
      return { ...state, callsUnderWay, decisions };
    }
  }
}

/** A row that is signalled again changes nothing; one that was cancelled is nothing to tell. */
export function decided(state: ConversationState, row: EnteredRow): ConversationState {
  const { action } = row;
  const known = action === undefined || state.decisions.some(({ rowId }) => rowId === row.id);
  if (known) return state;
  const openApprovals = state.openApprovals.filter(({ actionId }) => actionId !== action.id);
  return { ...state, openApprovals, decisions: [...state.decisions, { actionId: action.id, rowId: row.id }] };
}

/** Those a new run read of, less what was decided since. */
export function stillOpen(
  read: readonly OpenApproval[] | undefined,
  decisions: ConversationState['decisions'],
): OpenApproval[] {
  return (read ?? [])
    .filter(({ actionId }) => !decisions.some((decision) => decision.actionId === actionId))
    .map(({ actionId, expiresAt, onNewMessage }) => ({
      actionId,
      expiresAt,
      ...(onNewMessage === undefined ? {} : { onNewMessage }),
    }));
}
