import type pg from 'pg';
import { LIVE_NOTICES } from './live-notice.ts';
import { storeFailure } from './store-failure.ts';

/** So many in one transaction, so that readers need not wait for the end of a backlog. */
const AT_ONCE = 1_000;

/**
 * Numbers what is committed and has no number yet, in one transaction after the other: whatever a reader has not
 * seen has a higher number than all it has seen. A row that another transaction holds is left for the next time.
 */
const PUBLISH = {
  name: 'publish-events',
  text: `
    with unpublished as materialized (
      select organisation_id, number from events
      where published is null
      order by number limit ${AT_ONCE} for update skip locked
    ),
    numbered as materialized (
      select organisation_id, number, nextval('events_published') as published
      from (select * from unpublished order by number) in_order
    ),
    stamped as (
      update events e set published = n.published
      from numbered n
      where e.organisation_id = n.organisation_id and e.number = n.number
      returning e.organisation_id
    )
    select count(*)::integer as published, pg_notify('${LIVE_NOTICES}', organisation_id::text)
    from stamped group by organisation_id`,
};

/**
 * By the index of what waits, row by row, whatever the planner thinks of a table that was small when it first looked.
 * Read so, the index forgets what was published as it meets it; a bitmap would go through all of it until the next vacuum.
 */
const ROW_BY_ROW = ['seqscan', 'bitmapscan', 'hashjoin', 'mergejoin']
  .map((way) => `set enable_${way} = off`)
  .join('; ');

/** What the leading process may do besides, as long as it leads. */
export interface Publisher {
  /**
   * Numbers what waits, at most 1,000 events, and calls out whose they are. True: more may be waiting.
   * @throws ParleyFailure STORE_UNAVAILABLE: nothing was published, or all of it; asking again is right.
   */
  publish(): Promise<boolean>;
}

/**
 * Publishes on the connection that holds the leader's lock and on no other: so no two processes ever number at the
 * same time, even while one that was stopped still thinks that it leads (APR-7, DESIGN section 6).
 */
export function openPublisher(leader: pg.Client): Publisher {
  let asked = false;
  return {
    async publish() {
      try {
        if (!asked) await leader.query(ROW_BY_ROW);
        asked = true;
        const { rows } = await leader.query<{ published: number }>(PUBLISH);
        return rows.reduce((sum, row) => sum + row.published, 0) >= AT_ONCE;
      } catch (error) {
        throw storeFailure(error);
      }
    },
  };
}
