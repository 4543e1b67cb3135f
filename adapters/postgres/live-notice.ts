/** Where Postgres calls out the ids of organisations that have newly published events. */
export const LIVE_NOTICES = 'parley_live';
