import { setTimeout as pause } from 'node:timers/promises';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { start } from '../adapters/temporal/entrance.ts';
import type { Entrance } from '../adapters/temporal/entrance.ts';
import { isServerAway } from '../adapters/temporal/server-away.ts';
import type { RelayOptions } from './relay.ts';

/** A conversation as it is started without a row of its own. */
type Lost = Omit<Entrance, 'rows'>;

/** Which Temporal holds our conversations, and how far they were started again in it. */
export interface LostStore {
  isLost(namespace: { name: string; id: string }, now: Date): Promise<boolean>;
  lost(limit: number): Promise<Lost[]>;
  restarted(last: Lost['ref'] | null, now: Date): Promise<void>;
}

/** How often the namespace is looked at. */
const LOOK_MS = 5_000;
/** The rate cap: so many conversations a second, while the others live on. */
const PER_PASS = 100;
const PASS_MS = 1_000;
const AT_ONCE = 10;

/**
 * A Temporal that lost its database has another namespace under the same name. What waits in Postgres the relay brings
 * back, but of a conversation in which only time was to pass nobody would hear: so every open one is started again, in
 * the order of their ids. Each reads what it is to go on with when it opens (CONV-2). One that runs already goes on.
 */
export async function restartLost(options: RelayOptions, leading: AbortSignal): Promise<void> {
  while (!leading.aborted) {
    await look(options, leading).catch((error: unknown) => {
      if (!isServerAway(error))
        options.log.warn({ err: error }, 'lost conversations could not be looked for');
    });
    await rest(LOOK_MS, leading);
  }
}

async function look(options: RelayOptions, leading: AbortSignal): Promise<void> {
  const { store, clock, log } = options;
  const namespace = await options.namespace();
  if (!(await store.isLost(namespace, clock.now()))) return;
  log.warn({ namespace: namespace.name }, 'Temporal has lost its conversations; they are started again');
  await options.prepareServer();
  let started = 0;
  while (!leading.aborted) {
    const lost = await store.lost(PER_PASS);
    for (let from = 0; from < lost.length; from += AT_ONCE)
      await Promise.all(lost.slice(from, from + AT_ONCE).map((one) => startAgain(one, options)));
    started += lost.length;
    await store.restarted(lost.at(-1)?.ref ?? null, clock.now());
    if (lost.length === 0) break;
    await rest(PASS_MS, leading);
  }
  log.info({ conversations: started }, 'lost conversations have been started again');
}

/** @throws what says that the server is away: the pass is made again */
async function startAgain(conversation: Lost, { client, entrance, log }: RelayOptions): Promise<void> {
  try {
    await start(client, conversation, entrance);
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return;
    if (isServerAway(error)) throw error;
    log.warn({ err: error }, 'Temporal refuses to start a lost conversation');
  }
}

function rest(ms: number, leading: AbortSignal): Promise<void> {
  return pause(ms, undefined, { signal: leading }).catch(() => undefined);
}
