import type { Client } from '@temporalio/client';
import { TypedSearchAttributes, WorkflowNotFoundError, defineSearchAttributeKey } from '@temporalio/common';
import type { ConversationInput, ConversationRef } from '../../contract/conversation.ts';
import { conversationWorkflowId } from '../../contract/ids.ts';
import { CONVERSATION_QUEUE } from '../../contract/queues.ts';
import type { EnteredRow } from '../../contract/rows.ts';
import { SEARCH_ATTRIBUTES } from '../../contract/search-attributes.ts';
import type { ChannelKind } from '../../domain/channel.ts';
import type { Config } from '../../config.ts';

const organisation = defineSearchAttributeKey(SEARCH_ATTRIBUTES.organisation, 'KEYWORD');
const agent = defineSearchAttributeKey(SEARCH_ATTRIBUTES.agent, 'KEYWORD');
const channelKind = defineSearchAttributeKey(SEARCH_ATTRIBUTES.channel, 'KEYWORD');
const status = defineSearchAttributeKey(SEARCH_ATTRIBUTES.status, 'KEYWORD');

/** Rows on their way into one conversation, with what a start of its workflow would need. */
export interface Entrance {
  ref: ConversationRef;
  rows: EnteredRow[];
  agentId: string;
  channelIntegrationId: string;
  channel: ChannelKind;
  /** Its workflow most likely runs: it is only signalled, and started where that guess was wrong. */
  wasOpen?: boolean;
}

export interface EntranceOptions {
  workflowTaskTimeoutSeconds: number;
  /** A queue of their own for model calls, where configured. */
  modelQueue: string | null;
  /** Turns per run before it continues as new; null: the workflow's own cap. */
  turnsPerRun: number | null;
  deliveryReportMs: number;
}

/** The part of the settings that a conversation is started with. */
export function entranceOptions(
  config: Pick<Config, 'temporal' | 'model' | 'conversation'>,
): EntranceOptions {
  return {
    workflowTaskTimeoutSeconds: config.temporal.workflowTaskTimeoutSeconds,
    modelQueue: config.model.taskQueue,
    turnsPerRun: config.conversation.turnsPerRun,
    deliveryReportMs: config.conversation.deliveryReportSeconds * 1000,
  };
}

const CALL_MS = 5_000;
/** `enteredSignal` by its name: the definition would bring the workflow package into the gateway. */
const SIGNAL = 'entered';

/** A decision has to be carried out, and an operator's words sent, also where Temporal has lost the conversation. */
const STARTING: ReadonlySet<string> = new Set(['message', 'reply', 'approval_outcome']);

/**
 * Signals rows into their conversation; a customer's message, an operator's reply or decision start the workflow if it
 * is not running (ALLOW_DUPLICATE: a resolved conversation opens again). Throws what the client throws: a
 * WorkflowNotFoundError when only one of these could have started it.
 */
export async function enter(client: Client, entrance: Entrance, options: EntranceOptions): Promise<void> {
  await client.withDeadline(Date.now() + CALL_MS, async () => {
    const starts = entrance.rows.some(({ kind }) => STARTING.has(kind));
    if (!starts) return signal(client, entrance);
    if (entrance.wasOpen === true && (await signalIfRunning(client, entrance))) return;
    const start = startOf(entrance, options);
    await client.workflow.signalWithStart('conversation', {
      ...start,
      args: [...start.args],
      signal: SIGNAL,
      signalArgs: [{ rows: entrance.rows }],
    });
  });
}

function signal(client: Client, { ref, rows }: Entrance): Promise<void> {
  return client.workflow.getHandle(conversationWorkflowId(ref.conversationId)).signal(SIGNAL, { rows });
}

/** A third cheaper than a signal with start, for the server and for us (decision 0026). */
async function signalIfRunning(client: Client, entrance: Entrance): Promise<boolean> {
  try {
    await signal(client, entrance);
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

/** Starts a conversation for which nothing enters: it goes on with what Postgres knows. Throws what the client throws. */
export async function start(
  client: Client,
  conversation: Omit<Entrance, 'rows'>,
  options: EntranceOptions,
): Promise<void> {
  await client.withDeadline(Date.now() + CALL_MS, async () => {
    const { args, ...begun } = startOf(conversation, options);
    await client.workflow.start('conversation', { ...begun, args: [...args] });
  });
}

function startOf(entrance: Omit<Entrance, 'rows'>, options: EntranceOptions) {
  const input: ConversationInput = {
    ...entrance.ref,
    agentId: entrance.agentId,
    channelIntegrationId: entrance.channelIntegrationId,
    ...(options.modelQueue === null ? {} : { modelQueue: options.modelQueue }),
    deliveryReportMs: options.deliveryReportMs,
    ...(options.turnsPerRun === null ? {} : { turnsPerRun: options.turnsPerRun }),
  };
  return {
    workflowId: conversationWorkflowId(entrance.ref.conversationId),
    taskQueue: CONVERSATION_QUEUE,
    args: [input],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowTaskTimeout: options.workflowTaskTimeoutSeconds * 1000,
    staticSummary: `${entrance.channel} conversation`,
    typedSearchAttributes: new TypedSearchAttributes([
      { key: organisation, value: entrance.ref.organisationId },
      { key: agent, value: entrance.agentId },
      { key: channelKind, value: entrance.channel },
      { key: status, value: 'active' },
    ]),
  } as const;
}
