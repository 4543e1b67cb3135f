import { parseArgs } from 'node:util';
import { openFirstKeys } from '../adapters/postgres/first-keys.ts';
import type { FirstKeys } from '../adapters/postgres/first-keys.ts';
import type { ListedOrganisation } from '../adapters/postgres/every-organisation.ts';
import { loadConfig } from '../config.ts';
import { toldFailure, UsageError } from './told-failure.ts';

/** The first organisation of an installation and its first keys, shown once; with --again a lost owner key's successor. */
const USAGE = `usage: node workers/first-key.ts --organisation "Name"
       node workers/first-key.ts --again --organisation "Name or id"   when the owner key is lost`;

const LONGEST_NAME = 255;
const MOST_LISTED = 20;

try {
  const { organisation, again } = readArguments();
  const { postgres } = loadConfig(process.env, 'first-key');
  const { url, lookupUrl } = postgres;
  const keys = await openFirstKeys({ url, lookupUrl, clock: { now: () => new Date() } });
  try {
    await (again ? makeAgain(keys, organisation) : make(keys, organisation));
  } finally {
    await keys.close();
  }
} catch (error) {
  refuse(`${toldFailure(error)}\nNothing was made.`);
}

function readArguments(): { organisation: string; again: boolean } {
  const options = { organisation: { type: 'string' }, again: { type: 'boolean', default: false } } as const;
  const { organisation = '', again } = parsed(() => parseArgs({ options }).values);
  const name = organisation.trim();
  if (name === '') throw new UsageError(`--organisation is missing\n${USAGE}`);
  if (name.length > LONGEST_NAME || /\p{Cc}/u.test(name))
    throw new UsageError(`the name is not readable text of at most ${LONGEST_NAME} characters`);
  return { organisation: name, again };
}

function parsed<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  }
}

async function make(keys: FirstKeys, name: string): Promise<void> {
  const result = await keys.make(name);
  if (result.kind === 'not_first') {
    refuse(`There is an organisation already, so nothing was made:
${listed(result.organisations)}
More are made with the owner key: POST /v1/installation/organisations. If that key is lost: --again`);
    return;
  }
  const { organisation, keys: made } = result;
  tell(result.kind, `Organisation ${organisation.id} (${organisation.name}) and its first keys were made.`, [
    `owner key  ${made.owner}   for the installation: organisations, and what they may use`,
    `admin key  ${made.admin}   for everything of this organisation`,
  ]);
}

async function makeAgain(keys: FirstKeys, wanted: string): Promise<void> {
  const result = await keys.makeAgain(wanted);
  if (result.kind === 'which') {
    refuse(
      result.organisations.length === 0
        ? 'There is no organisation yet: leave --again out.\nNothing was made.'
        : `Nothing was made: say which of these, by its id where names are the same:\n${listed(result.organisations)}`,
    );
    return;
  }
  const { organisation, keys: made } = result;
  const said = `A new owner key was made for ${organisation.id} (${organisation.name}); its earlier ones are revoked.`;
  tell(result.kind, said, [`owner key  ${made.owner}`]);
}

function tell(kind: 'made' | 'unknown', said: string, keys: string[]): void {
  if (kind === 'unknown')
    refuse('Postgres went away over it: whether this happened is not known. Try the keys once it is back.');
  console.log(`${said}\n\n${keys.join('\n')}\n\nThey are shown this once: Postgres holds a hash of each.`);
}

function listed(organisations: ListedOrganisation[]): string {
  const lines = organisations.slice(0, MOST_LISTED).map(({ id, name }) => `  ${id}  ${name}`);
  const rest = organisations.length - lines.length;
  return [...lines, ...(rest > 0 ? [`  and ${rest} more`] : [])].join('\n');
}

function refuse(why: string): void {
  console.error(why);
  process.exitCode = 1;
}
