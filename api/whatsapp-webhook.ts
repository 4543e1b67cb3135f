import { sendJson } from './answer.ts';
import { Problem } from './problem.ts';
import { openOperation } from './route.ts';
import { byChannelIntegration } from './shapes.ts';
import { addressed, readSigned, store } from './take-webhook.ts';

/** Meta asks whether this address is ours: GET with hub.mode, hub.verify_token, hub.challenge. */
export const whatsappHandshake = openOperation({
  summary: "WhatsApp's verification of the webhook address",
  params: byChannelIntegration,
  answers: { 200: { type: 'text/plain', description: 'The challenge' } },
  problems: [403, 404],
  async serve({ req, res, params }, gateway) {
    const { integration, receiver } = await addressed('whatsapp', params.channel_integration, gateway);
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
    const at = await addressed('whatsapp', params.channel_integration, gateway);
    const request = await readSigned({ req, res }, at, gateway);
    const batch = at.receiver.parse(request, at.integration);
    if (batch === null) throw new Problem(400, 'This is not a WhatsApp webhook.');
    await store(batch, at.integration, gateway);
    sendJson(res, 200, { status: 'stored' });
  },
});
