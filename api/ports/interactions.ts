/** What somebody did with a message of ours, as a receiver reads it. */
export type Interaction =
  | { kind: 'block_action'; action: BlockAction; replyTo: string | null }
  /** One that we offered nowhere: it is acknowledged, and that is all. */
  | { kind: 'other' };

/** A pressed button. Anybody in the workspace can press it: who may decide is ours to say (APR-7). */
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

/** Answers to a press, at the address that came with it, which is good for half an hour. Never reject; false: not said. */
export interface Asides {
  /** Tells whoever pressed the button, and nobody else. */
  tell(replyTo: string, text: string): Promise<boolean>;
  /** Puts a text in place of the message that bears the button. */
  replace(replyTo: string, text: string): Promise<boolean>;
}
