import type pg from 'pg';
import type { LiveEvent, LiveFeed } from '../../api/ports.ts';
import { asOrganisation } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';
import { LIVE_NOTICES } from './live-notice.ts';
import { openListener } from './listener.ts';

/** One read brings no more; the reader asks again from the last position. */
const MOST_EVENTS = 100;

const NEWEST: Statement = {
  name: 'live-newest',
  text: `
    select
      coalesce((
        select published from events where organisation_id = $1 and published is not null
        order by published desc limit 1), 0) as position,
      (select count(*)::integer from (
        select from events where organisation_id = $1 and published > $2 limit $3::integer + 1) missed) as missed`,
};

/** Positions are given in the order of their commits, so none appears behind one that was read. */
const AFTER: Statement = {
  name: 'live-after',
  text: `
    select published as position, number::text as id, name, conversation_id as "conversationId", properties, at
    from events where organisation_id = $1 and published > $2
    order by published limit ${MOST_EVENTS}`,
};

/** bigint comes as text. */
type Positioned<T> = Omit<T, 'position'> & { position: string };

/** Published events, read once for all readers of an organisation that stand at the same position. */
export function openLiveFeed(pool: pg.Pool, url: string): LiveFeed & { close(): Promise<void> } {
  const listener = openListener(url, LIVE_NOTICES);
  const reads = new Map<string, Map<number, Promise<LiveEvent[]>>>();

  return {
    newest: ({ organisationId }, since, most) =>
      asOrganisation(pool, organisationId, async (tenancy) => {
        const values = [organisationId, since, most];
        const [row] = await tenancy.lastRows<Positioned<{ position: number; missed: number }>>(
          NEWEST,
          values,
        );
        if (row === undefined) throw new Error('a select without a table has one row');
        return { position: Number(row.position), missed: row.missed };
      }),

    after({ organisationId }, position) {
      const sharing = reads.get(organisationId) ?? new Map<number, Promise<LiveEvent[]>>();
      reads.set(organisationId, sharing);
      const shared = sharing.get(position);
      if (shared !== undefined) return shared;
      const read = readAfter(pool, organisationId, position).finally(() => {
        if (sharing.get(position) === read) sharing.delete(position);
        if (sharing.size === 0 && reads.get(organisationId) === sharing) reads.delete(organisationId);
      });
      sharing.set(position, read);
      return read;
    },

    watch: ({ organisationId }, changed) =>
      listener.watch(organisationId, () => {
        // A read that is under way may have begun before what is called out now.
        reads.delete(organisationId);
        changed();
      }),

    close: () => listener.close(),
  };
}

function readAfter(pool: pg.Pool, organisationId: string, position: number): Promise<LiveEvent[]> {
  return asOrganisation(pool, organisationId, async (tenancy) => {
    const rows = await tenancy.lastRows<Positioned<LiveEvent>>(AFTER, [organisationId, position]);
    return rows.map((row) => ({ ...row, position: Number(row.position) }));
  });
}
