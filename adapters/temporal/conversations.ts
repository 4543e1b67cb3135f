import { Client, Connection } from '@temporalio/client';
import type { Conversations, OutgoingSignal } from '../../api/ports.ts';
import { approvalWorkflowId } from '../../contract/ids.ts';
import { collectAcknowledgements } from './acknowledgements.ts';
import type { WriteAcknowledged } from './acknowledgements.ts';
import { connectionSettings } from './connection.ts';
import type { TemporalConfig } from './connection.ts';
import { enter } from './entrance.ts';
import type { EntranceOptions } from './entrance.ts';
import { isServerAway } from './server-away.ts';

/** Signals under way at once; what comes beyond is left to the relay. */
const MAX_IN_FLIGHT = 500;
/** After a signal that Temporal did not take, the relay alone tries for so long. */
const PAUSE_MS = 1_000;
const SIGNAL_MS = 5_000;

export interface ConversationsOptions {
  temporal: TemporalConfig;
  entrance: EntranceOptions;
  acknowledged: WriteAcknowledged;
  clock: { now(): Date };
  /** Told of every signal that was not taken, without words. */
  onNotTaken: (error: unknown) => void;
}

/**
 * The gateway's way to the workflows. It connects lazily and never throws: while Temporal is away rows stay on
 * disk unacknowledged, and the relay signals them when it is back.
 */
export function openConversations(options: ConversationsOptions): Conversations & { close(): Promise<void> } {
  const connection = Connection.lazy(connectionSettings(options.temporal));
  const client = new Client({ connection, namespace: options.temporal.namespace });
  const acknowledgements = collectAcknowledgements(options.acknowledged, options.clock);
  const inFlight = new Set<Promise<void>>();
  let pausedUntil = 0;

  async function send(signal: OutgoingSignal): Promise<void> {
    await enter(client, { ...signal, rows: [signal.row] }, options.entrance);
    acknowledgements.add(signal.ref.organisationId, signal.row.id);
  }

  async function sendDecided(actionId: string): Promise<void> {
    const handle = client.workflow.getHandle(approvalWorkflowId(actionId));
    await client.withDeadline(Date.now() + SIGNAL_MS, () => handle.signal('decided'));
  }

  function soon(send: () => Promise<void>): void {
    if (inFlight.size >= MAX_IN_FLIGHT || Date.now() < pausedUntil) return;
    const sending = send()
      .catch((error: unknown) => {
        // One conversation's refusal (its workflow has ended) says nothing about the others.
        if (isServerAway(error)) pausedUntil = Date.now() + PAUSE_MS;
        options.onNotTaken(error);
      })
      .finally(() => inFlight.delete(sending));
    inFlight.add(sending);
  }

  return {
    signalSoon: (signal) => soon(() => send(signal)),
    decidedSoon: (actionId) => soon(() => sendDecided(actionId)),
    async reachable() {
      try {
        await client.withDeadline(Date.now() + 2_000, () => connection.workflowService.getSystemInfo({}));
        return true;
      } catch {
        // Whatever the reason, the answer to the question is no.
        return false;
      }
    },
    async close() {
      await Promise.allSettled(inFlight);
      await acknowledgements.close();
      await connection.close();
    },
  };
}
