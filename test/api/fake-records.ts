import type {
  ApiPorts,
  MessageMedia,
  Readers,
  ReceivedFile,
  StoredFile,
  TranscriptMessage,
} from '../../api/ports.ts';
import { describeContent, isMedia } from '../../domain/message.ts';
import type { MessageContent } from '../../domain/message.ts';
import { ofCaller } from './fake-world.ts';
import type { FakeWorld } from './fake-world.ts';
import { oldFilesOf } from './stored-message.ts';
import type { StoredMessage } from './stored-message.ts';

export function fakeReaders(world: FakeWorld): Readers {
  const has = (caller: Parameters<typeof ofCaller>[1], id: string) =>
    ofCaller(world.conversations, caller).some((known) => known.id === id);

  return {
    conversations: (caller, { status, agent, channel }, page) =>
      world.page(
        ofCaller(world.conversations, caller).filter(
          (known) =>
            (status ?? known.status) === known.status &&
            (agent ?? known.agentId) === known.agentId &&
            (channel ?? known.channelIntegrationId) === known.channelIntegrationId,
        ),
        page,
      ),
    conversation: (caller, id) =>
      world.reach(ofCaller(world.conversations, caller).find((known) => known.id === id) ?? null),
    messages: (caller, id, page) =>
      has(caller, id)
        ? world.page(world.stored.filter((row) => row.conversation === id).map(toMessage), page)
        : world.reach(null),
    file: (caller, id, messageId) =>
      world.reach(
        has(caller, id)
          ? (fileOf(world.stored.find((row) => row.conversation === id && row.id === messageId)) ??
              oldFilesOf(world).find((file) => file.conversation === id && file.id === messageId) ??
              null)
          : null,
      ),
    turns: (caller, id, page) => (has(caller, id) ? world.page([], page) : world.reach(null)),
    events: (caller, _filter, page) => {
      const properties = { of: caller.organisationId };
      return world.page(
        [{ id: '1', name: 'agent_made', conversationId: null, properties, at: world.now }],
        page,
      );
    },
    audit: (caller, page) => {
      const detail = { of: caller.organisationId };
      return world.page(
        [{ id: '1', actor: 'key', action: 'agent.made', subject: null, detail, from: null, at: world.now }],
        page,
      );
    },
  };
}

export function fileOf(row: StoredMessage | undefined): StoredFile | null {
  if (row?.file === undefined) return null;
  const { bytes, mimeType } = row.file;
  return {
    bytes,
    mimeType,
    name: ('fileName' in row.message.content && row.message.content.fileName) || null,
  };
}

/** As a line shows the file that its message brought. */
export function mediaOf(
  content: MessageContent,
  id: string,
  { bytes, mimeType }: ReceivedFile,
): MessageMedia {
  const kind = isMedia(content) ? content.kind : 'document';
  const name = (isMedia(content) && content.fileName) || null;
  const size = bytes.length;
  return { id, kind, name, state: 'stored', mimeType, size, refusal: null, transcript: null };
}

function toMessage({ id, message, at }: StoredMessage): TranscriptMessage {
  return {
    id,
    from: 'customer',
    kind: message.content.kind,
    text: describeContent(message.content),
    providerMessageId: message.providerMessageId,
    state: 'received',
    turn: null,
    at,
  };
}

export function fakeIdempotency(world: FakeWorld): ApiPorts['idempotency'] {
  const remembered = new Map<string, { hash: string; answer: { status: number; body: unknown } | null }>();
  return {
    async begin({ keyId }, key, hash) {
      await world.reach(null);
      const known = remembered.get(`${keyId} ${key}`);
      if (known === undefined) {
        remembered.set(`${keyId} ${key}`, { hash, answer: null });
        return { kind: 'fresh' };
      }
      if (known.hash !== hash) return { kind: 'other_body' };
      return known.answer === null ? { kind: 'running' } : { kind: 'answered', ...known.answer };
    },
    async finish({ keyId }, key, answer) {
      await world.reach(null);
      const known = remembered.get(`${keyId} ${key}`);
      if (answer === null || known === undefined) remembered.delete(`${keyId} ${key}`);
      else known.answer = JSON.parse(JSON.stringify(answer)) as typeof answer;
    },
  };
}
