import { createHash } from 'node:crypto';
import { z } from 'zod';
import { judgeFile } from '../domain/file-type.ts';
import { isHeard } from '../domain/media.ts';
import type { MediaKind, MediaRefusal } from '../domain/media.ts';
import { sendJson } from './answer.ts';
import { requireSameOrigin, requireVisitor } from './chat-session.ts';
import { Problem, unknown } from './problem.ts';
import { readFile } from './read-body.ts';
import { receive } from './receive-message.ts';
import { openOperation } from './route.ts';
import { sendFile } from './send-file.ts';
import { parse } from './serve.ts';
import { byChannelIntegration, id, words } from './shapes.ts';

const told = z.strictObject({
  id: words(64).meta({ description: 'Made by the page; kept over retries' }),
  name: words(255).optional(),
});

/** A visitor's file is a message: what it is and its bytes are on disk together, before the 202 (CHAN-7). */
export const postChatFile = openOperation({
  summary: "A visitor's file over the web chat: the body is its bytes, `?id=&name=` tell the rest",
  params: byChannelIntegration,
  answers: {
    202: {
      type: 'application/json',
      schema: z.strictObject({ message_id: id, duplicate: z.boolean() }),
      description: 'On disk',
    },
  },
  problems: [400, 401, 403, 404, 413, 415, 422, 429],
  async serve({ req, res, params }, gateway) {
    const { integration, room } = await requireVisitor(req, params.channel_integration, gateway);
    requireSameOrigin(req, gateway);
    // Whoever begins a session for each file is still one address.
    const address = req.ip ?? '';
    gateway.uploads.enter(res, address);
    const wait = gateway.visitorFiles.take(room) || gateway.addressFiles.take(address);
    if (wait > 0) throw new Problem(429, 'Too many files at once.', { retryAfterSeconds: wait });
    const { id: own, name } = parse(told, req.query);
    const bytes = await readFile(req, res);
    const claimed = req.headers['content-type'];
    const kind = kindOf(claimed ?? '');
    const verdict = judgeFile(bytes, { kind, mimeType: claimed });
    if (!verdict.kept) throw refusal(verdict.refusal);
    const { mimeType } = verdict;
    const received = await receive(
      gateway,
      integration,
      {
        providerMessageId: `${room}:${own}`,
        room,
        customer: { ids: [room] },
        sentAt: null,
        content: { kind, mimeType, ...(name !== undefined && { fileName: name }) },
      },
      {
        bytes,
        mimeType,
        sha256: createHash('sha256').update(bytes).digest(),
        isHeard: isHeard(kind, mimeType),
      },
    );
    sendJson(res, 202, { message_id: received.messageId, duplicate: received.duplicate });
  },
});

/** What the visitor sent, for the page to show: their own room's only. */
export const readChatFile = openOperation({
  summary: 'A file that the visitor sent',
  params: byChannelIntegration.extend({ message_id: id }),
  answers: { 200: { type: 'application/octet-stream', description: 'Its bytes, under its own type' } },
  problems: [401, 404],
  async serve({ req, res, params }, gateway) {
    const { integration, room } = await requireVisitor(req, params.channel_integration, gateway);
    const file = await gateway.chat.file(integration, room, params.message_id);
    if (file === null) throw unknown('file');
    sendFile(res, file);
  },
});

function kindOf(claimed: string): MediaKind {
  const [kind] = claimed.split('/', 1);
  return kind === 'image' || kind === 'audio' || kind === 'video' ? kind : 'document';
}

/** The visitor hears at once why; nothing was stored. */
function refusal(why: MediaRefusal): Problem {
  if (why === 'too_large') return new Problem(413, 'The file is larger than can be taken here.');
  if (why === 'empty') return new Problem(422, 'The file is empty.');
  if (why === 'mismatch') return new Problem(415, 'The file is not what it claims to be.');
  return new Problem(415, 'Files of this type are not taken here.');
}
