/** Every id and key that two processes must derive alike. No personal data goes into any of them. */

export function conversationWorkflowId(conversationId: string): string {
  return `conversation/${conversationId}`;
}

/**
 * Why a message leaves: with the conversation and the part it is the ledger's unique key (DESIGN section 5),
 * so a cause is sent once however often its turn is redone.
 */
export function turnCause(turn: number): string {
  return `turn:${turn}`;
}
