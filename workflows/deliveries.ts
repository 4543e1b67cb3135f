import type { ConversationState } from '../contract/conversation.ts';

/** Sends whose outcome the channel still owes us (CHAN-5). */

export function awaitDelivery(state: ConversationState, outboundId: string, due: number): ConversationState {
  return {
    ...state,
    awaitedDeliveries: [...withoutDelivery(state, outboundId).awaitedDeliveries, { outboundId, due }],
  };
}

export function withoutDelivery(state: ConversationState, outboundId: string): ConversationState {
  return {
    ...state,
    awaitedDeliveries: state.awaitedDeliveries.filter((awaited) => awaited.outboundId !== outboundId),
  };
}
