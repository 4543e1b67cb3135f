import type { Request, Response } from 'express';
import { ParleyFailure, isStoreAway } from '../contract/failures.ts';
import type { ChannelKind } from '../domain/channel.ts';
import type { InboundMessage } from '../domain/message.ts';
import type { Gateway } from './gateway.ts';
import type { RawRequest, ReceivedBatch, Receiver, ReceivingIntegration } from './ports.ts';
import { Problem, unknown } from './problem.ts';
import { readWebhook } from './read-body.ts';
import { receive } from './receive-message.ts';

/** A channel integration that webhooks come to, and how they are read. */
export interface Addressed {
  integration: ReceivingIntegration;
  receiver: Receiver;
}

/** @throws Problem 404 for an id that is unknown, of another kind, or of an integration that is switched off. */
export async function addressed(kind: ChannelKind, id: string, gateway: Gateway): Promise<Addressed> {
  const integration = await gateway.lookup.channelIntegration(id);
  const receiver = gateway.receivers[kind];
  if (integration?.kind !== kind || !integration.active || receiver === undefined)
    throw unknown('channel integration');
  return { integration, receiver };
}

/**
 * The request as its bytes came, once its signature is found good.
 * @throws Problem 401, written down; nothing of the request is stored (CHAN-2).
 */
export async function readSigned(
  { req, res }: { req: Request; res: Response },
  { integration, receiver }: Addressed,
  gateway: Gateway,
): Promise<RawRequest> {
  const request: RawRequest = { headers: singleHeaders(req.headers), body: await readWebhook(req, res) };
  if (receiver.authentic(request, integration, gateway.clock.now())) return request;
  await gateway.refusals.record(integration, {
    attempt: 'webhook',
    reason: 'signature',
    from: req.ip ?? null,
  });
  throw new Problem(401, 'The signature does not fit the body.');
}

/**
 * In the order they came: seq is commit order. One row that cannot be stored does not keep back the others;
 * it is reported afterwards, so that the provider sends the batch again and the log tells of it.
 */
export async function store(
  batch: ReceivedBatch,
  integration: ReceivingIntegration,
  gateway: Gateway,
): Promise<void> {
  const failures: unknown[] = [];
  const attempt = async (storing: Promise<unknown>) => {
    try {
      await storing;
    } catch (error) {
      if (error instanceof ParleyFailure && isStoreAway(error.code)) throw error;
      failures.push(error);
    }
  };
  for (const message of batch.messages) await attempt(takeMessage(gateway, integration, message));
  for (const reply of batch.replies ?? []) await attempt(takeReply(gateway, integration, reply));
  if (batch.ignored > 0) {
    const { id, kind } = integration;
    gateway.options.log.info(
      { integration: id, kind, ignored: batch.ignored },
      'parts of a webhook were not for us',
    );
  }
  if (batch.statuses.length > 0) {
    const settled = await gateway.inbox.applyStatuses(integration, batch.statuses, gateway.clock.now());
    for (const { signal } of settled) gateway.conversations.signalSoon(signal);
  }
  if (batch.echoes !== undefined) await gateway.echoes.heard(integration, batch.echoes, gateway.clock.now());
  if (failures.length > 0) throw failures[0];
}

/**
 * In a thread on Slack, the organisation's people answer beside the agent; where the channel does not name its workspace,
 * anybody's users may be called like ours.
 */
async function takeMessage(
  gateway: Gateway,
  integration: ReceivingIntegration,
  message: InboundMessage,
): Promise<void> {
  const signals =
    integration.kind === 'slack' && integration.settings['team_id'] !== undefined
      ? await gateway.inbox.replyOfMember(integration, message, gateway.clock.now())
      : null;
  if (signals === null) await receive(gateway, integration, message);
  else for (const signal of signals) gateway.conversations.signalSoon(signal);
}

async function takeReply(
  gateway: Gateway,
  integration: ReceivingIntegration,
  reply: InboundMessage,
): Promise<void> {
  const signals = await gateway.inbox.replyFromApp(integration, reply, gateway.clock.now());
  for (const signal of signals) gateway.conversations.signalSoon(signal);
}

function singleHeaders(headers: NodeJS.Dict<string | string[]>): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
}
