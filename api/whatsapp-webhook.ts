import { ParleyFailure, isStoreAway } from '../contract/failures.ts';
import { sendJson } from './answer.ts';
import type { Gateway } from './gateway.ts';
import type { RawRequest, ReceivedBatch, Receiver, ReceivingIntegration } from './ports.ts';
import { Problem, unknown } from './problem.ts';
import { readWebhook } from './read-body.ts';
import { receive } from './receive-message.ts';
import { openOperation } from './route.ts';
import { byChannelIntegration } from './shapes.ts';

/** Meta asks whether this address is ours: GET with hub.mode, hub.verify_token, hub.challenge. */
export const whatsappHandshake = openOperation({
  summary: "WhatsApp's verification of the webhook address",
  params: byChannelIntegration,
  answers: { 200: { type: 'text/plain', description: 'The challenge' } },
  problems: [403, 404],
  async serve({ req, res, params }, gateway) {
    const { integration, receiver } = await whatsapp(params.channel_integration, gateway);
    const query = Object.fromEntries(
      Object.entries(req.query).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    );
    const challenge = receiver.handshake?.(query, integration) ?? null;
    if (challenge === null) {
      await gateway.refusals.record(integration, {
        attempt: 'webhook',
        reason: 'verify_token',
        from: req.ip ?? null,
      });
      throw new Problem(403, 'The verify token is not the one of this channel integration.');
    }
    res.status(200).type('text/plain').send(challenge);
  },
});

/** Messages and delivery statuses. All of them are on disk before the 200; on anything else Meta sends them again. */
export const whatsappWebhook = openOperation({
  summary: "WhatsApp's messages and delivery statuses",
  params: byChannelIntegration,
  answers: { 200: { type: 'application/json', description: 'Stored' } },
  problems: [400, 401, 404, 413, 415],
  async serve({ req, res, params }, gateway) {
    const { integration, receiver } = await whatsapp(params.channel_integration, gateway);
    const request: RawRequest = { headers: singleHeaders(req.headers), body: await readWebhook(req, res) };
    if (!receiver.authentic(request, integration, gateway.clock.now())) {
      await gateway.refusals.record(integration, {
        attempt: 'webhook',
        reason: 'signature',
        from: req.ip ?? null,
      });
      throw new Problem(401, 'The signature does not fit the body.');
    }
    const batch = receiver.parse(request, integration);
    if (batch === null) throw new Problem(400, 'This is not a WhatsApp webhook.');
    await store(batch, integration, gateway);
    sendJson(res, 200, { status: 'stored' });
  },
});

async function whatsapp(
  id: string,
  gateway: Gateway,
): Promise<{ integration: ReceivingIntegration; receiver: Receiver }> {
  const integration = await gateway.lookup.channelIntegration(id);
  const receiver = gateway.receivers.whatsapp;
  if (integration?.kind !== 'whatsapp' || !integration.active || receiver === undefined)
    throw unknown('channel integration');
  return { integration, receiver };
}

/**
 * In the order they came: seq is commit order. One row that cannot be stored does not keep back the others;
 * it is reported afterwards, so that Meta sends the batch again and the log tells of it.
 */
async function store(
  batch: ReceivedBatch,
  integration: ReceivingIntegration,
  gateway: Gateway,
): Promise<void> {
  const failures: unknown[] = [];
  for (const message of batch.messages) {
    try {
      await receive(gateway, integration, message);
    } catch (error) {
      if (error instanceof ParleyFailure && isStoreAway(error.code)) throw error;
      failures.push(error);
    }
  }
  if (batch.ignored > 0) {
    const fields = { integration: integration.id, ignored: batch.ignored };
    gateway.options.log.info(fields, 'parts of a WhatsApp webhook were not for us');
  }
  if (batch.statuses.length > 0) {
    const settled = await gateway.inbox.applyStatuses(integration, batch.statuses, gateway.clock.now());
    for (const { signal } of settled) gateway.conversations.signalSoon(signal);
  }
  if (failures.length > 0) throw failures[0];
}

function singleHeaders(headers: NodeJS.Dict<string | string[]>): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
}
