import type pg from 'pg';
import { storeFailure } from './store-failure.ts';

export interface ListedOrganisation {
  id: string;
  name: string;
}

interface Row extends ListedOrganisation {
  created_at: string;
}

const PAGE = 100;

/** The time as Postgres writes it: cut to the milliseconds of a Date it would leave out those made in the same one. */
const LIST = {
  name: 'every-organisation',
  text: 'select id, name, created_at::text as created_at from parley_list_organisations($1, $2, $3)',
};

/**
 * All organisations of the installation, newest first, by the look-up's login, which alone may see them.
 * @throws ParleyFailure STORE_UNAVAILABLE when Postgres is away.
 */
export async function everyOrganisation(lookupPool: pg.Pool): Promise<ListedOrganisation[]> {
  const all: Row[] = [];
  for (;;) {
    const last = all.at(-1);
    const values = [last?.created_at ?? null, last?.id ?? null, PAGE];
    try {
      const { rows } = await lookupPool.query<Row>({ ...LIST, values });
      all.push(...rows);
      if (rows.length < PAGE) return all.map(({ id, name }) => ({ id, name }));
    } catch (error) {
      throw storeFailure(error);
    }
  }
}
