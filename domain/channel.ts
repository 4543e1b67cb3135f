/** The kinds of channel a conversation can live on (CHAN-1). */
export const CHANNEL_KINDS = ['generic', 'webchat', 'whatsapp', 'slack'] as const;
export type ChannelKind = (typeof CHANNEL_KINDS)[number];

/**
 * What may be done with a send whose outcome is unknown (CHAN-5, DESIGN section 5):
 * - `same_key`: sent again, the receiver knows the repeated webhook-id;
 * - `own_store`: cannot happen, the customer reads our own table;
 * - `update_in_place`: repeated, the placeholder is updated;
 * - `never`: not called again; a status webhook settles it, else it ends as `uncertain`.
 */
export type Repeat = 'same_key' | 'own_store' | 'update_in_place' | 'never';

export const REPEAT: Readonly<Record<ChannelKind, Repeat>> = {
  generic: 'same_key',
  webchat: 'own_store',
  whatsapp: 'never',
  slack: 'update_in_place',
};
