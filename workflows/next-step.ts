import { bufferDue } from '../domain/buffer.ts';
import { statusOf } from '../domain/conversation.ts';
import type { ConversationState, ConversationView } from '../contract/conversation.ts';
import { idleDue, isEscalated } from './silence.ts';
import { isMessagesTurn } from './turn-numbers.ts';
import { watchDue, watchOf } from './watch.ts';

/** The one thing to do next; `wait` names when the buffer is due (null: only a signal can change anything). */
export type NextStep =
  | { step: 'settle' }
  | { step: 'give_up_delivery'; outboundId: string }
  | { step: 'cancel_call'; callId: string }
  | { step: 'tell_outcome'; callId: string }
  | { step: 'tell_decision'; actionId: string; rowId: string }
  | { step: 'fire_idle' }
  | { step: 'watch_people' }
  | { step: 'conclude_idle' }
  | { step: 'note_break'; fromStep: number }
  | { step: 'close' }
  | { step: 'turn' }
  | { step: 'wait'; until: number | null };

export function nextStep(state: ConversationState, now: number): NextStep {
  if (state.toSettle.length > 0) return { step: 'settle' };
  if (state.stepInDoubt !== null) return { step: 'conclude_idle' };
  if (state.brokenWithPerson !== null) return { step: 'note_break', fromStep: state.brokenWithPerson };
  const overdue = state.awaitedDeliveries.find((awaited) => awaited.due <= now || state.resolved);
  if (overdue !== undefined) return { step: 'give_up_delivery', outboundId: overdue.outboundId };
  // A person who has the conversation decides for themselves what is done.
  const overtaken = state.resolved || state.owner === 'operator';
  if (state.openCall !== null && (state.openCall.due <= now || overtaken))
    return { step: 'cancel_call', callId: state.openCall.callId };
  // They are sent beside this; what the agent says comes behind them.
  if (state.toSend.length > 0) return { step: 'wait', until: null };
  const [ended] = state.outcomesDue;
  if (ended !== undefined) return { step: 'tell_outcome', callId: ended };
  // The agent may speak of it in a turn of its own.
  const [decision] = state.decisions;
  if (decision !== undefined && !isMessagesTurn(state)) return { step: 'tell_decision', ...decision };
  if (state.resolved) {
    // A message that waits was committed behind the resolve, by its epoch: Postgres is asked, and says that it is open.
    const waits = state.callsUnderWay.length > 0 && state.buffer.length === 0;
    return waits ? { step: 'wait', until: null } : { step: 'close' };
  }
  const silent = idleDue(state);
  if (silent !== null && silent <= now) return { step: 'fire_idle' };
  const waited = watchDue(state);
  if (waited !== null && waited <= now) return { step: 'watch_people' };
  if (state.owner === 'operator') return { step: 'wait', until: null };
  const due = bufferDue(state.buffer, state.settings);
  if (due !== null && due <= now) return { step: 'turn' };
  return { step: 'wait', until: due };
}

/**
 * The nearest far deadline: deliveries a channel still owes us, a question the customer may still answer, a step of the
 * idle sequence, a person who has not answered.
 */
export function farDeadline(state: ConversationState): number | null {
  const dues = state.awaitedDeliveries.map((awaited) => awaited.due);
  if (state.openCall !== null) dues.push(state.openCall.due);
  const silent = idleDue(state);
  if (silent !== null) dues.push(silent);
  const waited = watchDue(state);
  if (waited !== null) dues.push(waited);
  return dues.length > 0 ? Math.min(...dues) : null;
}

export function viewOf(state: ConversationState, doing: string): ConversationView {
  const due = idleDue(state);
  const watch = watchOf(state);
  return {
    status: statusOf({ ...state, escalated: isEscalated(state) }),
    owner: state.owner,
    epoch: state.epoch,
    turn: state.turn,
    buffered: state.buffer.length,
    doing,
    awaitedDeliveries: state.awaitedDeliveries.length,
    queued: state.queued,
    assignee: state.assignee,
    openCall: state.openCall,
    callsUnderWay: state.callsUnderWay.length,
    idleStep:
      due === null || state.silence === null || state.openApprovals.length > 0
        ? null
        : { step: state.silence.step, due },
    openApprovals: state.openApprovals,
    watch: watch && { stage: watch.stage, since: watch.since, due: watch.due },
  };
}
