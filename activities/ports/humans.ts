import type { SendOutcome } from './ledger.ts';

/** The people of an organisation, told where they work (ESC-2). */
export interface Humans {
  /**
   * Writes to one person or into a channel, by the id the organisation's workspace knows it by. Not repeatable: `unknown` may have
   * arrived, and to be told twice is better than not at all. `failed` with `no_slack_workspace` where there is none.
   */
  notify(
    organisationId: string,
    target: string,
    message: HumanMessage,
    signal: AbortSignal,
  ): Promise<SendOutcome>;

  /** Puts another message in the place of one of ours: what is decided loses its buttons (APR-7). May be repeated. */
  replace(
    organisationId: string,
    providerMessageId: string,
    message: HumanMessage,
    signal: AbortSignal,
  ): Promise<SendOutcome>;
}

export interface HumanMessage {
  /** Comes back to us with whatever the provider tells of the message. */
  id?: string;
  text: string;
  buttons?: readonly HumanButton[];
}

export interface HumanButton {
  actionId: string;
  /** Comes back with the press and is seen by the provider: an opaque id and version, never arguments. */
  value: string;
  /** At most 75 characters. */
  label: string;
  style?: 'primary' | 'danger';
}
