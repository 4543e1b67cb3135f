import { setTimeout as pause } from 'node:timers/promises';
import { sendJson } from './answer.ts';
import { pressed } from './approval-buttons.ts';
import type { Press } from './approval-buttons.ts';
import type { Gateway } from './gateway.ts';
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

/** Slack waits three seconds for the answer; what takes longer is told behind it. */
const ANSWER_MS = 2_000;

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
    if (interaction.kind === 'other') return sendJson(res, 200, {});
    const pressing = pressed(interaction.action, at.integration, gateway);
    const press = await Promise.race([pressing, pause(ANSWER_MS, null, { ref: false })]);
    const tell = press?.tell ?? null;
    sendJson(
      res,
      200,
      tell === null ? {} : { response_type: 'ephemeral', replace_original: false, text: tell },
    );
    if (interaction.replyTo !== null) void answerPress(interaction.replyTo, pressing, gateway);
  },
});

/** Behind the answer. Never rejects. */
async function answerPress(
  replyTo: string,
  pressing: Promise<Press>,
  { asides, options }: Gateway,
): Promise<void> {
  try {
    const { tell, shows } = await pressing;
    const told = tell === null || (await asides.tell(replyTo, tell));
    const shown = shows === null || (await asides.replace(replyTo, shows));
    if (!told || !shown) options.log.warn({ told, shown }, 'a press on Slack could not be answered');
  } catch (error) {
    options.log.warn({ err: error }, 'a press on Slack came to nothing');
  }
}
