import type { Asides } from '../../../api/ports.ts';
import type { Egress } from '../../egress/egress.ts';
import { sectionsOf, summaryOf } from './blocks.ts';
import { toMarkup } from './markup.ts';

/** Where Slack takes answers to interactions. */
const HOOKS = 'https://hooks.slack.com';
const MAX_ANSWER_BYTES = 16_384;

/**
 * Answers a press at its `response_url`. The address comes with a signed request; it is called only where Slack's own
 * are, or the Web API in use.
 * https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
 */
export function slackAsides(parts: { egress: Egress; apiUrl: string; timeoutMs: number }): Asides {
  const known = [HOOKS, new URL(parts.apiUrl).origin];

  async function answer(replyTo: string, body: object): Promise<boolean> {
    if (!URL.canParse(replyTo) || !known.includes(new URL(replyTo).origin)) return false;
    try {
      const { status } = await parts.egress.request({
        method: 'POST',
        url: replyTo,
        headers: { 'content-type': 'application/json', 'user-agent': 'Parley/1' },
        body: JSON.stringify(body),
        timeoutMs: parts.timeoutMs,
        maxResponseBytes: MAX_ANSWER_BYTES,
      });
      return status >= 200 && status < 300;
    } catch {
      return false;
    }
  }

  return {
    tell: (replyTo, text) =>
      answer(replyTo, { response_type: 'ephemeral', replace_original: false, text: toMarkup(text) }),
    replace(replyTo, text) {
      const markup = toMarkup(text);
      const blocks = sectionsOf(markup, 'parley-notice');
      return answer(replyTo, { replace_original: true, text: summaryOf(markup), blocks });
    },
  };
}
