import { migrate } from '../adapters/postgres/migrate.ts';
import { ConfigError, loadConfig } from '../config.ts';

/** Brings the database to this release, then ends; run it before the release's API and workers start. */
try {
  const { postgres } = loadConfig(process.env, 'migrate');
  const { applied } = await migrate({
    ownerUrl: postgres.ownerUrl,
    appUrl: postgres.url,
    lookupUrl: postgres.lookupUrl,
    jobsUrl: postgres.jobsUrl,
  });
  console.log(applied.length > 0 ? `applied ${applied.join(', ')}` : 'nothing to apply');
} catch (error) {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exitCode = 1;
}
