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

/** A message that tells how a call ended after its turn was over. */
export function callCause(callId: string): string {
  return `call:${callId}`;
}

/**
 * A nudge: the sequence counts from a message, and each step of it fires once.
 * @param attempt from 1; a step is attempted again only after its message failed for good
 */
export function idleCause(seenSeq: number, step: number, attempt = 1): string {
  return attempt === 1 ? `idle:${seenSeq}:${step}` : `idle:${seenSeq}:${step}:${attempt}`;
}

/** An operator's own reply, named by its row. */
export function replyCause(rowId: string): string {
  return `row:${rowId}`;
}

/** What the customer hears of an operator's decision. */
export function approvalCause(actionId: string): string {
  return `approval:${actionId}`;
}

/** The closing message of a tool that gives the conversation away. */
export function closingCause(callId: string): string {
  return `closing:${callId}`;
}

/** What the customer hears besides an answer: that a person is called, or that the agent goes on in their place. */
export function noticeCause(kind: 'called' | 'offer', epoch: number): string {
  return `notice:${kind}:${epoch}`;
}

/** What receivers tell repeats by: constant over attempts, restarts and replays (DESIGN section 5). */
export function idempotencyKey(conversationId: string, turn: number, number: number): string {
  return `${conversationId}:${turn}:${number}`;
}

/** What waits for an operator's decision on an action. */
export function approvalWorkflowId(actionId: string): string {
  return `approval/${actionId}`;
}

/** A builder's test, or the replay of an execution, that the API waits for. */
export function trialWorkflowId(callId: string): string {
  return `trial/${callId}`;
}
