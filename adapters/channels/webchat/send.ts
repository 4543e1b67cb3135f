import type { Sender } from '../sender.ts';

/**
 * Nothing is sent on the web chat: the visitor's stream reads the ledger, so the fence itself is the delivery
 * (CHAN-5, `own_store`). A delivery that comes here has bypassed the fence, which must show.
 */
export const webchatSender: Sender = () =>
  Promise.resolve({ kind: 'failed', code: 'webchat_is_read_not_sent' });
