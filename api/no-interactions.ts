import type { Interactions } from './ports.ts';

/** While no button is offered anywhere, none is good for anything. */
export const NO_INTERACTIONS: Interactions = { blockAction: () => Promise.resolve('not_handled') };
