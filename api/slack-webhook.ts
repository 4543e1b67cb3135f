import { sendJson } from './answer.ts';
import type { Gateway } from './gateway.ts';
import type { Interaction, ReceivingIntegration } from './ports.ts';
import { Problem } from './problem.ts';
import { openOperation } from './route.ts';
import { byChannelIntegration } from './shapes.ts';
import { addressed, readSigned, store } from './take-webhook.ts';

/**
 * The Events API. A message is on disk before the 200; on anything else, or after three seconds, Slack sends it again,
 * and again it is one message: `X-Slack-Retry-Num` is not looked at, because the first try may be the one that was lost.
 */
export const slackEvents = openOperation({
  summary: "Slack's events, and its verification of the address",
  params: byChannelIntegration,
  answers: { 200: { type: 'application/json', description: 'Stored, or the challenge of a verification' } },
  problems: [400, 401, 404, 413, 415],
  async serve({ req, res, params }, gateway) {
    const at = await addressed('slack', params.channel_integration, gateway);
    const request = await readSigned({ req, res }, at, gateway);
    const challenge = at.receiver.challenge?.(request) ?? null;
    if (challenge !== null) return sendJson(res, 200, { challenge });
    const batch = at.receiver.parse(request, at.integration);
    if (batch === null) throw new Problem(400, 'This is not an event of Slack.');
    await store(batch, at.integration, gateway);
    sendJson(res, 200, { status: 'stored' });
  },
});

/** What somebody reads who pressed a button that does nothing, or nothing any more. */
const NOT_HANDLED = 'This button no longer does anything. Please look at the current state in the console.';

/**
 * Pressed buttons (APR-7). Whatever comes of a press is said to the one who pressed, and to nobody else: in the answer,
 * and at the address that came with the press, since Slack shows the former for some kinds of message only.
 */
export const slackInteractions = openOperation({
  summary: 'Buttons pressed on Slack',
  params: byChannelIntegration,
  answers: {
    200: {
      type: 'application/json',
      description: 'Taken; a text for the person who pressed, if there is one',
    },
  },
  problems: [400, 401, 404, 413, 415],
  async serve({ req, res, params }, gateway) {
    const at = await addressed('slack', params.channel_integration, gateway);
    const request = await readSigned({ req, res }, at, gateway);
    const interaction = at.receiver.interaction?.(request, at.integration) ?? null;
    if (interaction === null) throw new Problem(400, 'This is not an interaction of Slack.');
    const tell = await outcomeOf(interaction, at.integration, gateway);
    if (tell === null) return sendJson(res, 200, {});
    sendJson(res, 200, { response_type: 'ephemeral', replace_original: false, text: tell });
    // Behind the answer, for which Slack waits three seconds.
    if (interaction.kind === 'block_action' && interaction.replyTo !== null)
      void gateway.asides.tell(interaction.replyTo, tell).then((told) => {
        if (!told)
          gateway.options.log.warn(
            { integration: at.integration.id },
            'who pressed a button could not be told',
          );
      });
  },
});

async function outcomeOf(
  interaction: Interaction,
  integration: ReceivingIntegration,
  gateway: Gateway,
): Promise<string | null> {
  if (interaction.kind === 'other') return null;
  const outcome = await gateway.interactions.blockAction(
    integration,
    interaction.action,
    gateway.clock.now(),
  );
  return outcome === 'not_handled' ? NOT_HANDLED : outcome.tell;
}
