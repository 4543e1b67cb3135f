import type pg from 'pg';
import { asOrganisation } from './as-organisation.ts';
import type { Statement } from './as-organisation.ts';

/** A row that a turn has taken meanwhile is left as it is: being taken says more. */
const ACKNOWLEDGE: Statement = {
  name: 'acknowledge',
  text: `
    update inbox set signalled_at = $3, signal_count = signal_count + 1
    where organisation_id = $1 and id = any ($2::uuid[]) and turn is null and settled_at is null`,
};

/**
 * Writes that Temporal took these rows' signals: from then on the relay waits a minute, not two seconds. One
 * transaction per organisation; one that fails leaves its rows to be signalled once more, harmlessly.
 */
export function makeAcknowledged(pool: pg.Pool) {
  return async (rows: readonly { organisationId: string; rowId: string }[], now: Date): Promise<void> => {
    const byOrganisation = Map.groupBy(rows, (row) => row.organisationId);
    for (const [organisationId, own] of byOrganisation) {
      const ids = own.map((row) => row.rowId);
      await asOrganisation(pool, organisationId, (tenancy) =>
        tenancy.lastRows(ACKNOWLEDGE, [organisationId, ids, now]),
      );
    }
  };
}
