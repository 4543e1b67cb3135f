import type { Echo } from '../../../api/ports.ts';
import type { InboundMessage, MessageContent } from '../../../domain/message.ts';
import { postedAsIn } from './blocks.ts';
import { asId, asObject, asObjects, asText } from './loose-json.ts';
import type { JsonObject } from './loose-json.ts';
import { toPlainText } from './markup.ts';
import { messageIdOf, roomOf, timeOf, TS } from './room.ts';

/** Messages of people; every other subtype tells of a change, a joining or another program. */
const SAID: ReadonlySet<string> = new Set(['file_share', 'me_message', 'thread_broadcast']);
const MEDIA = ['image', 'audio', 'video'] as const;

export type ReadEvent =
  | { kind: 'messages'; messages: InboundMessage[] }
  /** A message of ours, on its way back to us. */
  | { kind: 'echo'; echo: Echo }
  | { kind: 'ignored' };

/**
 * The event inside an `event_callback`. Whatever a program said, ourselves first, is ignored: two programs that answer
 * each other never stop. A mention comes as two events (`app_mention` and `message`) where the app asked for both.
 * https://docs.slack.dev/reference/events/message
 */
export function readEvent(envelope: JsonObject): ReadEvent {
  const event = asObject(envelope['event']) ?? {};
  const type = event['type'];
  const [channel, ts] = [asId(event['channel']), asId(event['ts'])];
  if ((type !== 'message' && type !== 'app_mention') || channel === null || ts === null || !TS.test(ts))
    return { kind: 'ignored' };
  if (asId(event['bot_id']) !== null)
    return isOtherApps(envelope, event) ? { kind: 'ignored' } : readOwn(event, channel, ts);
  const teamId = asId(envelope['team_id']) ?? asId(event['team']);
  const user = asId(event['user']);
  const subtype = asId(event['subtype']);
  const us = ourUserId(envelope);
  if (teamId === null || user === null || user === us || (subtype !== null && !SAID.has(subtype)))
    return { kind: 'ignored' };
  const name = asText(asObject(event['user_profile'])?.['real_name']);
  const thread = asId(event['thread_ts']);
  const id = idOf(envelope, event, { teamId, channel, ts, us });
  const messages = readContents(event, us).map((content, index) => ({
    providerMessageId: index === 0 ? id : `${id}#${index + 1}`,
    room: roomOf({ teamId, channel, threadTs: thread !== null && TS.test(thread) ? thread : ts }),
    customer: { ids: [user], ...(name !== null && { name }) },
    sentAt: timeOf(ts),
    content,
  }));
  return messages.length === 0 ? { kind: 'ignored' } : { kind: 'messages', messages };
}

/** Another app may put any id into its blocks. */
function isOtherApps(envelope: JsonObject, event: JsonObject): boolean {
  const [ours, theirs] = [asId(envelope['api_app_id']), asId(event['app_id'])];
  return ours !== null && theirs !== null && ours !== theirs;
}

/** Of our own messages only those matter that tell what they are in the id of their block. */
function readOwn(event: JsonObject, channel: string, ts: string): ReadEvent {
  const posted = postedAsIn(event['blocks']);
  if (posted === null) return { kind: 'ignored' };
  return { kind: 'echo', echo: { ...posted, providerMessageId: messageIdOf(channel, ts) } };
}

/** The user that the app is in this workspace. */
function ourUserId(envelope: JsonObject): string | null {
  const authorization = asObjects(envelope['authorizations']).find((each) => each['is_bot'] === true);
  const id = asId(authorization?.['user_id']);
  return id !== null && /^[A-Z0-9]+$/.test(id) ? id : null;
}

/**
 * Slack tries an event again under the same id, which is unique within the workspace. The two events of one mention have
 * ids of their own; what they share is the message.
 */
function idOf(
  envelope: JsonObject,
  event: JsonObject,
  { teamId, channel, ts, us }: { teamId: string; channel: string; ts: string; us: string | null },
): string {
  const eventId = asId(envelope['event_id']);
  const text = typeof event['text'] === 'string' ? event['text'] : '';
  const isMention = event['type'] === 'app_mention' || (us !== null && text.includes(`<@${us}`));
  return isMention || eventId === null ? `${teamId}:${channel}:${ts}` : `${teamId}:${eventId}`;
}

/** One message, or one for each file; words sent along with files are the first one's caption (CHAN-7). */
function readContents(event: JsonObject, us: string | null): MessageContent[] {
  const markup = asText(event['text']);
  const text = markup === null ? '' : toPlainText(markup, us);
  const files = asObjects(event['files']).map(readFile);
  const [first, ...more] = files;
  if (text === '') return files;
  if (first === undefined || first.kind === 'unsupported') return [{ kind: 'text', text }, ...files];
  return [{ ...first, caption: text }, ...more];
}

type FileContent =
  Extract<MessageContent, { mediaId?: string }> | Extract<MessageContent, { kind: 'unsupported' }>;

/** By Slack's id and address; the address opens with the bot's token only. */
function readFile(file: JsonObject): FileContent {
  const [mediaId, mimeType, fileName, url] = [
    asId(file['id']),
    asId(file['mimetype']),
    asText(file['name']),
    asText(file['url_private']),
  ];
  if (mediaId === null) return { kind: 'unsupported', type: 'file' };
  return {
    kind: MEDIA.find((kind) => mimeType?.startsWith(`${kind}/`) === true) ?? 'document',
    mediaId,
    ...(url !== null && { url }),
    ...(mimeType !== null && { mimeType }),
    ...(fileName !== null && { fileName }),
  };
}
