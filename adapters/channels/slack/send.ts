import type { Delivery, Placeholders, SendOutcome, StandingPlaceholder } from '../../../activities/ports.ts';
import type { IntegrationSettings } from '../integrations.ts';
import type { Sender } from '../sender.ts';
import { sectionsOf, summaryOf } from './blocks.ts';
import { toMarkup } from './markup.ts';
import { replacedAs } from './outcome.ts';
import { postPlaceholder } from './placeholder.ts';
import { readMessageId } from './room.ts';
import type { WebApi } from './web-api.ts';

export interface SlackParts {
  webApi: WebApi;
  placeholders: Placeholders;
  clock: { now(): Date };
}

/** The placeholder is not there any more, or nobody may change it: another one takes its place. */
const LOST: ReadonlySet<string> = new Set(['message_not_found', 'cant_update_message', 'edit_window_closed']);

/**
 * Sends by replacing a placeholder, in the thread the customer wrote in (CHAN-3). Posting knows no idempotency key, but
 * replacing may be repeated (CHAN-5, `update_in_place`): so a message that finds no placeholder posts one first, and its
 * words travel in nothing but the replacement.
 * https://docs.slack.dev/reference/methods/chat.update
 */
export function slackSender(parts: SlackParts): Sender {
  const { placeholders, clock } = parts;
  return async (delivery, integration, signal) => {
    const token = integration.secrets['bot_token'];
    if (!token) return { kind: 'failed', code: 'no_bot_token' };
    const placed = await placeFor(parts, delivery, integration, signal);
    if ('kind' in placed) return placed;
    const at = readMessageId(placed.providerMessageId);
    if (at === null) return { kind: 'failed', code: 'bad_message_id' };
    const markup = toMarkup(delivery.text);
    const answer = await parts.webApi(
      'chat.update',
      {
        channel: at.channel,
        ts: at.ts,
        text: summaryOf(markup),
        blocks: sectionsOf(markup, `parley-message:${delivery.outboundId}`),
      },
      { token, signal },
    );
    // Somebody may have deleted what the customer had read already: that is not said again.
    if (answer.kind !== 'never' || !LOST.has(answer.code) || delivery.repeat)
      return replacedAs(answer, placed.providerMessageId);
    await stored(() => placeholders.gone(delivery, placed.placeholderId, clock.now()));
    return { kind: 'try_again', afterMs: 0, code: answer.code, mayHaveArrived: false };
  };
}

/** The placeholder to replace; or why there is none, in which case none of the message's words have left. */
async function placeFor(
  parts: SlackParts,
  delivery: Delivery,
  integration: IntegrationSettings,
  signal: AbortSignal,
): Promise<StandingPlaceholder | SendOutcome> {
  const { placeholders, clock } = parts;
  const standing = await stored(() => placeholders.take(delivery, delivery.outboundId, clock.now()));
  if (standing === 'store_away') return STORE_AWAY;
  if (standing !== null) return standing;
  const placeholderId = await stored(() => placeholders.beginFor(delivery, delivery.outboundId, clock.now()));
  if (placeholderId === 'store_away') return STORE_AWAY;
  const place = { ...delivery, placeholderId };
  const outcome = await postPlaceholder(parts.webApi, place, integration, signal);
  // Only what is written down is found by the next try; words put elsewhere would be said twice.
  const mine = await stored(() => placeholders.posted(delivery, placeholderId, outcome, clock.now()));
  if (mine === 'store_away') return STORE_AWAY;
  if (outcome.kind !== 'sent') return withoutWords(outcome);
  if (!mine || outcome.providerMessageId === null) return { ...STORE_AWAY, code: 'placeholder_lost' };
  if (clock.now() >= delivery.deadline) return { ...STORE_AWAY, code: 'deadline_passed' };
  return { placeholderId, providerMessageId: outcome.providerMessageId };
}

const STORE_AWAY = {
  kind: 'try_again',
  afterMs: null,
  code: 'placeholders_unavailable',
  mayHaveArrived: false,
} as const;

/** Whatever became of the placeholder, the message has not been said. */
function withoutWords(outcome: Exclude<SendOutcome, { kind: 'sent' }>): SendOutcome {
  if (outcome.kind === 'failed') return outcome;
  const afterMs = outcome.kind === 'try_again' ? outcome.afterMs : null;
  return { kind: 'try_again', afterMs, code: outcome.code, mayHaveArrived: false };
}

async function stored<T>(ask: () => Promise<T>): Promise<T | 'store_away'> {
  try {
    return await ask();
  } catch {
    return 'store_away';
  }
}
