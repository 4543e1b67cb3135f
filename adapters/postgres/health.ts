import type pg from 'pg';
import type { Health } from '../../api/ports.ts';
import { missingMigrations } from './schema-version.ts';

export function openHealth(pool: pg.Pool): Health {
  return {
    async postgres() {
      try {
        const missing = await missingMigrations(pool);
        return missing.length === 0 ? null : `the database lacks ${missing.join(', ')}`;
      } catch {
        // The question is whether, not why.
        return 'Postgres does not answer';
      }
    },
  };
}
