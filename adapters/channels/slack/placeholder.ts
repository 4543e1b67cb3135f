import type { PlaceholderPlace, SendOutcome, StandingPlaceholder } from '../../../activities/ports.ts';
import type { IntegrationSettings } from '../integrations.ts';
import { placeholderBlockId, sectionsOf } from './blocks.ts';
import { postedAs, replacedAs } from './outcome.ts';
import { readMessageId, readRoom } from './room.ts';
import type { WebApi } from './web-api.ts';

/** In no language: what an answer is coming in, and where none came. */
const COMING = '…';
const NOTHING_CAME = '—';

/** Posts the placeholder into the customer's thread. */
export async function postPlaceholder(
  webApi: WebApi,
  { placeholderId, room }: Pick<PlaceholderPlace, 'placeholderId' | 'room'>,
  { secrets }: IntegrationSettings,
  signal: AbortSignal,
): Promise<SendOutcome> {
  const token = secrets['bot_token'];
  const thread = readRoom(room);
  if (!token) return { kind: 'failed', code: 'no_bot_token' };
  if (thread === null) return { kind: 'failed', code: 'no_address' };
  const answer = await webApi(
    'chat.postMessage',
    {
      channel: thread.channel,
      thread_ts: thread.threadTs,
      text: COMING,
      blocks: sectionsOf(COMING, placeholderBlockId(placeholderId)),
      unfurl_links: false,
      unfurl_media: false,
    },
    { token, signal },
  );
  return postedAs(answer, thread.channel);
}

/** Puts a neutral line in its place. */
export async function clearPlaceholder(
  webApi: WebApi,
  { placeholderId, providerMessageId }: StandingPlaceholder,
  { secrets }: IntegrationSettings,
  signal: AbortSignal,
): Promise<SendOutcome> {
  const token = secrets['bot_token'];
  const at = readMessageId(providerMessageId);
  if (!token) return { kind: 'failed', code: 'no_bot_token' };
  if (at === null) return { kind: 'failed', code: 'bad_message_id' };
  const args = {
    ...at,
    text: NOTHING_CAME,
    blocks: sectionsOf(NOTHING_CAME, `parley-cleared:${placeholderId}`),
  };
  return replacedAs(await webApi('chat.update', args, { token, signal }), providerMessageId);
}
