import { createHash } from 'node:crypto';

/** Where Postgres calls out that a room of a web chat has a new line. */
export const CHAT_NOTICES = 'parley_chat';

/** What it calls: the room in a form that is short and tells nobody anything. */
export function chatNotice(channelIntegrationId: string, room: string): string {
  return createHash('sha256').update(`${channelIntegrationId}/${room}`).digest('base64url');
}
