import { nothingResealed, reseal } from '../adapters/postgres/reseal.ts';
import type { Resealed } from '../adapters/postgres/reseal.ts';
import { openSecrets } from '../adapters/secrets/secrets.ts';
import { loadConfig } from '../config.ts';
import { toldFailure } from './told-failure.ts';

/** The middle step of a rotation of SECRETS_KEY: seals with its first key whatever is sealed with another. */
const done = nothingResealed();
try {
  const { postgres, secretsKey } = loadConfig(process.env, 'reseal');
  const { url, lookupUrl } = postgres;
  const secrets = openSecrets(secretsKey);
  await reseal({ url, lookupUrl, secrets, clock: { now: () => new Date() } }, done);
  tellCounts(done);
  tellEnd(done, secrets.newestKey);
} catch (error) {
  if (sealedAnew(done) > 0) tellCounts(done);
  refuse(`${toldFailure(error)}\nIt did not get to its end. What was sealed anew stays; run it again.`);
}

function tellCounts({ tables }: Resealed): void {
  for (const [table, counts] of Object.entries(tables))
    console.log(`${table}: ${counts.values} values, ${counts.sealedAnew} sealed anew`);
}

function sealedAnew({ tables }: Resealed): number {
  return Object.values(tables).reduce((sum, counts) => sum + counts.sealedAnew, 0);
}

function tellEnd(done: Resealed, newest: string): void {
  const { unopened, left } = done;
  for (const sentence of unopened) refuse(sentence);
  if (unopened.length > 0)
    refuse(`${unopened.length} values do not open. Bring back the keys they name, or set them again.`);
  if (left > 0) refuse(`${left} rows were held or changed by others each time. Run it again.`);
  if (unopened.length > 0 || left > 0) return;
  console.log(
    sealedAnew(done) > 0
      ? `Everything is sealed with ${newest} now. Run it once more before the other keys are removed.`
      : `Nothing is sealed with another key than ${newest}: the others may be removed from SECRETS_KEY.`,
  );
}

function refuse(why: string): void {
  console.error(why);
  process.exitCode = 1;
}
