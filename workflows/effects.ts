import {
  ActivityFailure,
  ApplicationFailure,
  TimeoutFailure,
  log,
  proxyActivities,
  proxyLocalActivities,
  sleep,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import { isStoreAway } from '../contract/failures.ts';
import type { FailureCode } from '../contract/failures.ts';
import {
  FETCH_MEDIA,
  MODEL_CALL,
  OWN_STORE,
  STORE_AWAY_PAUSES_MS,
  TELL_HUMAN,
  TOOL_CALL,
  receiverCall,
} from './policy.ts';

/** Model calls: visible as activities, with their attempts and waits; on a queue of their own where there is one. */
export function modelCallsOn(queue: string | undefined) {
  return proxyActivities<Pick<Activities, 'understandMessages' | 'composeReply' | 'summariseConversation'>>({
    ...MODEL_CALL,
    // A queue of their own may have no workers; the conversations' own has the one that runs this.
    ...(queue === undefined ? {} : { taskQueue: queue, scheduleToStartTimeout: '10m' }),
  });
}

export type ModelCalls = ReturnType<typeof modelCallsOn>;

/** The agent's tools, each attempt of which shows in the history. */
export const toolCalls = proxyActivities<Pick<Activities, 'callTool'>>(TOOL_CALL);

/** Customers' files, and what recordings say. */
export const files = proxyActivities<Pick<Activities, 'fetchMedia'>>(FETCH_MEDIA);

/** Word to the organisation's own people. */
export const people = proxyActivities<Pick<Activities, 'tellHuman'>>(TELL_HUMAN);

/** A builder's receiver, with the patience the builder chose (EXT-5). */
export function externalCall(policy: { attempts: number; delayMs: number }) {
  return proxyActivities<Pick<Activities, 'callExternalAction'>>(receiverCall(policy));
}

/** Reads, our own writes, one attempt at a send. */
export const ownStore =
  proxyLocalActivities<
    Pick<
      Activities,
      | 'openConversation'
      | 'settleRows'
      | 'sendReply'
      | 'planFallback'
      | 'planConfirmation'
      | 'planOutcome'
      | 'cancelCall'
      | 'giveUpCall'
      | 'giveUpDelivery'
      | 'giveUpMedia'
      | 'confirmClose'
      | 'fireIdle'
      | 'concludeIdle'
      | 'idleBehindReply'
      | 'noteNudge'
      | 'noteIdleReset'
      | 'planDecision'
      | 'withdrawApprovals'
      | 'postPlaceholder'
      | 'clearPlaceholders'
      | 'holdEscalated'
      | 'escalate'
      | 'watchPeople'
    >
  >(OWN_STORE);

/**
 * The failure's name, for a decision; never its words.
 * @param timedOut what it is called when no attempt came back: the worker died under it, or waited too long
 */
export function failureCode(error: unknown, timedOut: FailureCode = 'STORE_UNAVAILABLE'): string {
  // What ends a local activity comes bare. Thrown on, it would end the workflow in failure.
  const ended = error instanceof ActivityFailure ? error.cause : error;
  if (ended instanceof ApplicationFailure) return ended.type ?? 'UNEXPECTED';
  if (error instanceof ActivityFailure || ended instanceof TimeoutFailure) return timedOut;
  throw error;
}

/**
 * Repeats an effect for as long as Postgres is away: giving up would lose what a customer said (CONV-2).
 * Every other failure is the caller's to judge.
 */
export async function untilStoreIsBack<T>(effect: () => Promise<T>, timedOut?: FailureCode): Promise<T> {
  for (let round = 0; ; round++) {
    try {
      return await effect();
    } catch (error) {
      if (!isStoreAway(failureCode(error, timedOut))) throw error;
      await sleep(STORE_AWAY_PAUSES_MS[Math.min(round, STORE_AWAY_PAUSES_MS.length - 1)] ?? 30_000);
    }
  }
}

/** For what must not end the workflow in failure: null says that it could not be done. */
export async function reliably<T>(what: string, effect: () => Promise<T>): Promise<T | null> {
  try {
    return await untilStoreIsBack(effect);
  } catch (error) {
    log.error('an effect was given up', { what, code: failureCode(error) });
    return null;
  }
}

/** For what a run cannot go on without: it is tried until it is done, and null is an answer like any other. */
export async function insistently<T>(what: string, effect: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await untilStoreIsBack(effect);
    } catch (error) {
      log.error('an effect is tried again in a minute', { what, code: failureCode(error) });
      await sleep('1m');
    }
  }
}
