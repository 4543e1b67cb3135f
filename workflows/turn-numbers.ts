import type { ConversationState } from '../contract/conversation.ts';

/** Whose the number of the next turn is: messages that were given to it before are taken under no other (CONV-2). */

export function turnBegan(state: ConversationState): ConversationState {
  return { ...state, turn: state.turn + 1, resumesEpoch: null };
}

/** The relay brings again what waits; what the turn had answered before it failed does not come back. */
export function turnAbandoned(state: ConversationState): ConversationState {
  const resumesEpoch = state.buffer.length > 0 ? state.epoch : null;
  return { ...state, turn: state.turn - 1, buffer: [], resumesEpoch };
}

/** No other turn may begin before theirs. A change of hands leaves the messages to people, and ends it. */
export function isMessagesTurn({ resumesEpoch, epoch, owner, resolved }: ConversationState): boolean {
  return resumesEpoch === epoch && owner === 'agent' && !resolved;
}
