import type { ReceivingIntegration } from './caller.ts';

/** What somebody did with a message of ours, as a receiver reads it. */
export type Interaction =
  | { kind: 'block_action'; action: BlockAction; replyTo: string | null }
  /** One that we offered nowhere: it is acknowledged, and that is all. */
  | { kind: 'other' };

/** A pressed button. Anybody in the workspace can press it: who may decide is for the port to say (APR-7). */
export interface BlockAction {
  teamId: string;
  userId: string;
  actionId: string;
  /** As we gave it to the button: an opaque id and version, never arguments. */
  value: string;
  /** The message that bears the button. */
  messageTs: string;
  channel: string;
}

/** Where pressed buttons go. */
export interface Interactions {
  /** `tell` is read by whoever pressed and by nobody else. `not_handled`: the button is not, or no longer, good for anything. */
  blockAction(
    integration: ReceivingIntegration,
    action: BlockAction,
    now: Date,
  ): Promise<'not_handled' | { tell: string | null }>;
}

/** What is said to one person in a room where others read along. */
export interface Asides {
  /**
   * Tells whoever pressed a button, at the address that came with the press, which is good for half an hour.
   * Never rejects; false: it was not said.
   */
  tell(replyTo: string, text: string): Promise<boolean>;
}
