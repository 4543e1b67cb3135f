import type { ActivityOptions, LocalActivityOptions } from '@temporalio/workflow';

/** How patient we are, by kind of effect. */

/** How often a tool's other side is called at most. */
const TOOL_ATTEMPTS = 3;

/**
 * Model calls, and the first attempt at sending what they said: their own timeouts, 55 s and 5 s, are a little under
 * `startToCloseTimeout`, and a heartbeat every two seconds lets a killed worker be noticed long before it. Retry-After
 * arrives as the failure's next delay.
 */
export const MODEL_CALL: ActivityOptions = {
  startToCloseTimeout: '70s',
  heartbeatTimeout: '5s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '20s', maximumAttempts: 5 },
};

/** Attempts that a dying worker may use up, beyond those that reach the other side: the ledger counts those. */
const CRASHES = 5;

/** Tools: 5 s an attempt, once more with a new token of the CRM, and what renewing it may take. */
export const TOOL_CALL: ActivityOptions = {
  startToCloseTimeout: '30s',
  heartbeatTimeout: '5s',
  retry: {
    initialInterval: '1s',
    backoffCoefficient: 2,
    maximumInterval: '10s',
    maximumAttempts: TOOL_ATTEMPTS + CRASHES,
  },
};

/** Files: 15 s each, one after the other, and a minute to listen; then the conversation goes on without. */
export const FETCH_MEDIA: ActivityOptions = {
  startToCloseTimeout: '4m',
  heartbeatTimeout: '5s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '10s', maximumAttempts: 3 },
};

/** A person who is called: a few tries, then the console has to do. */
export const TELL_HUMAN: ActivityOptions = {
  startToCloseTimeout: '15s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s', maximumAttempts: 4 },
};

/** A request to operators: their console has it, so Slack may be away for some minutes. Two calls an attempt. */
export const POST_REQUEST: ActivityOptions = {
  startToCloseTimeout: '30s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '60s', maximumAttempts: 10 },
};

/** Buttons that do nothing any more mislead: about an hour. */
export const SHOW_END: ActivityOptions = {
  startToCloseTimeout: '15s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '2m', maximumAttempts: 40 },
};

/** A receiver's Retry-After arrives as the failure's next delay. */
export function receiverCall({ attempts, delayMs }: { attempts: number; delayMs: number }): ActivityOptions {
  return {
    startToCloseTimeout: '15s',
    heartbeatTimeout: '5s',
    retry: {
      initialInterval: Math.max(delayMs, 100),
      backoffCoefficient: 2,
      maximumInterval: '60s',
      maximumAttempts: attempts + CRASHES,
    },
  };
}

/**
 * Reads, our own writes, one attempt at a send (5 s at most). A wait longer than a second is a workflow timer
 * and not the local activity's, so that signals are heard meanwhile.
 */
export const OWN_STORE: LocalActivityOptions = {
  startToCloseTimeout: '8s',
  localRetryThreshold: '1s',
  retry: { initialInterval: '300ms', backoffCoefficient: 3, maximumInterval: '5s', maximumAttempts: 6 },
};

/** Between two rounds of attempts while Postgres is away. */
export const STORE_AWAY_PAUSES_MS = [5_000, 10_000, 20_000, 30_000];

/** A reply may be started over with newer messages so often, then it goes out (CONV-4). */
export const MAX_START_OVERS = 3;

/** Model steps of one turn; at the last one the model has to answer in words (CONV-5). */
export const MAX_STEPS = 8;

/** How often one message is tried while the channel says that nothing happened. */
export const MAX_SEND_ATTEMPTS = 8;

/** The wait before send attempt n + 1 where the channel names none; its own Retry-After is capped at an hour. */
export function sendPauseMs(attempt: number, askedMs: number | null): number {
  const own = Math.min(1_000 * 2 ** (attempt - 1), 60_000);
  return Math.min(Math.max(askedMs ?? own, 200), 3_600_000);
}

/** How long a send of unknown outcome may wait for the channel's status report before it is called uncertain. */
export const DELIVERY_REPORT_MS = 60_000;

/** A run continues as new after so many turns; Temporal may suggest it earlier. */
export const TURNS_PER_RUN = 100;
