import { strict as assert } from 'node:assert';

/** A reply as a receiver that knows webhook-ids sees it: one, however often it was posted. */
export interface Reply {
  webhookId: string;
  conversationId: string;
  room: string;
  kind: string;
  text: string;
  inReplyTo: string[];
  /** Its place among the first arrivals. */
  order: number;
  /** How often it was posted. */
  posts: number;
}

interface Wire {
  conversation_id: string;
  room: string;
  message_id: string;
  kind: string;
  text: string;
  in_reply_to: string[];
}

/**
 * Reads the journal of a webhook sink as a careful receiver would: signatures hold, and what comes again under a
 * webhook-id is the same message to the last letter.
 */
export function repliesIn(journal: readonly Record<string, unknown>[], rooms = ''): Reply[] {
  const replies = new Map<string, Reply & { body: string }>();
  for (const [order, entry] of journal.entries()) {
    const body = String(entry['body']);
    const wire = JSON.parse(body) as Wire;
    if (!wire.room.startsWith(rooms)) continue;
    const headers = entry['headers'] as Record<string, string>;
    const webhookId = headers['webhook-id'] ?? '';
    assert.ok(['valid', 'unchecked'].includes(String(entry['signature'])), `signature ${entry['signature']}`);
    assert.equal(webhookId, wire.message_id);
    const known = replies.get(webhookId);
    if (known === undefined) {
      const { conversation_id: conversationId, room, kind, text, in_reply_to: inReplyTo } = wire;
      const reply = { webhookId, conversationId, room, kind, text, inReplyTo, order, posts: 1, body };
      replies.set(webhookId, reply);
    } else {
      assert.equal(body, known.body, `${webhookId} came again as something else`);
      known.posts += 1;
    }
  }
  return [...replies.values()];
}

/** How many posts told nothing new. */
export function repeatsIn(replies: readonly Reply[]): number {
  return replies.reduce((sum, reply) => sum + reply.posts - 1, 0);
}
