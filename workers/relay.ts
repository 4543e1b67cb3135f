import { setTimeout as pause } from 'node:timers/promises';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import { enter } from '../adapters/temporal/entrance.ts';
import type { Entrance, EntranceOptions } from '../adapters/temporal/entrance.ts';
import { isServerAway } from '../adapters/temporal/server-away.ts';
import { publishEvents } from './publish-events.ts';
import type { Publisher } from './publish-events.ts';
import { restartLost } from './restart-lost.ts';
import type { LostStore } from './restart-lost.ts';

/** Rows that no turn has taken in time, across organisations; the store says which are due and how long to back off. */
export interface RelayStore extends LostStore {
  /** Runs `work` while this process is the relay; returns when `signal` aborts. */
  withLeadership(
    signal: AbortSignal,
    work: (leading: AbortSignal, publisher: Publisher) => Promise<void>,
  ): Promise<void>;
  due(now: Date, limit: number): Promise<Entrance[]>;
  acknowledged(rowIds: readonly string[], now: Date): Promise<void>;
  /** Rows that need a running workflow which is not there (a take-over of a conversation that ended). */
  settleNotRunning(rowIds: readonly string[], now: Date): Promise<void>;
}

export interface RelayOptions {
  store: RelayStore;
  client: Client;
  entrance: EntranceOptions;
  /** Registers the search attributes again: a Temporal that lost its database refuses every start without them. */
  prepareServer(): Promise<void>;
  /** The namespace that holds our conversations; with another id it is another one. */
  namespace(): Promise<{ name: string; id: string }>;
  clock: { now(): Date };
  log: { warn(fields: object, message: string): void; info(fields: object, message: string): void };
}

const PASS_MS = 500;
const AWAY_MS = 2_000;
/** The rate cap: so many conversations a pass. */
const PER_PASS = 100;
const AT_ONCE = 10;

/**
 * The only loops we own, in the one process that leads: this one signals again what no turn has taken in time (CONV-2);
 * the others publish events, and start again what Temporal has lost. It says nothing new to a conversation, so a signal too many is harmless.
 */
export async function runRelay(options: RelayOptions, signal: AbortSignal): Promise<void> {
  await options.store.withLeadership(signal, async (leading, publisher) => {
    options.log.info({}, 'the relay leads');
    await Promise.all([
      signalWhatWaits(options, leading),
      publishEvents(publisher, options.log, leading),
      restartLost(options, leading),
    ]);
  });
}

async function signalWhatWaits(options: RelayOptions, leading: AbortSignal): Promise<void> {
  while (!leading.aborted) {
    const waitMs = await pass(options).catch((error: unknown) => {
      options.log.warn({ err: error }, 'a pass of the relay failed');
      return AWAY_MS;
    });
    await pause(waitMs, undefined, { signal: leading }).catch(() => undefined);
  }
}

/** One look at what is due. Returns how long to rest in milliseconds. */
async function pass(options: RelayOptions): Promise<number> {
  const { store, clock } = options;
  const due = await store.due(clock.now(), PER_PASS);
  for (let from = 0; from < due.length; from += AT_ONCE) {
    const outcomes = await Promise.all(
      due.slice(from, from + AT_ONCE).map((conversation) => signalAgain(conversation, options)),
    );
    // Nothing is lost by trying again later, much by hammering a server that is away.
    if (outcomes.includes('away')) return AWAY_MS;
  }
  return due.length === PER_PASS ? 0 : PASS_MS;
}

async function signalAgain(conversation: Entrance, options: RelayOptions): Promise<'done' | 'away'> {
  const { store, clock, log } = options;
  const rowIds = conversation.rows.map((row) => row.id);
  try {
    await enterPrepared(conversation, options);
  } catch (error) {
    if (isServerAway(error)) return 'away';
    if (error instanceof WorkflowNotFoundError) {
      await store.settleNotRunning(rowIds, clock.now());
      return 'done';
    }
    log.warn(
      { rows: rowIds.length, err: error },
      'Temporal refuses a conversation; it is tried less and less often',
    );
  }
  // A refused signal counts as well: its rows back off and do not stand in the way of the others.
  await store.acknowledged(rowIds, clock.now());
  return 'done';
}

/** A server that lost its database refuses every start until its search attributes are there again. */
async function enterPrepared(conversation: Entrance, options: RelayOptions): Promise<void> {
  try {
    await enter(options.client, conversation, options.entrance);
  } catch (error) {
    if (isServerAway(error) || error instanceof WorkflowNotFoundError) throw error;
    await options.prepareServer();
    await enter(options.client, conversation, options.entrance);
  }
}
