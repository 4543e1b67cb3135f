import { strict as assert } from 'node:assert';
import { createHash, randomUUID } from 'node:crypto';
import pg from 'pg';
import { openMediaStore } from '../../adapters/postgres/media.ts';
import { readFile } from '../../adapters/postgres/read-media.ts';
import { readMessages } from '../../adapters/postgres/read-messages.ts';
import { makeReceive } from '../../adapters/postgres/receive-message.ts';
import type { MediaContent } from '../../domain/message.ts';
import { later, NOW, openInstallation, openRoom, textMessage } from './installation.ts';
import type { Room } from './installation.ts';

const BYTES = Buffer.from('\x89PNG\r\n\x1a\n…', 'latin1');
const AUDIO: MediaContent = { kind: 'audio', mediaId: 'a', mimeType: 'audio/ogg' };

function kept(isHeard = false) {
  const mimeType = isHeard ? 'audio/ogg' : 'image/png';
  return { bytes: BYTES, mimeType, sha256: createHash('sha256').update(BYTES).digest(), isHeard };
}

describe('the store of files', () => {
  let pool: pg.Pool;
  let close: () => Promise<void>;
  let media: ReturnType<typeof openMediaStore>;
  let ownerUrl: string;
  before(async () => {
    const installation = await openInstallation();
    ({ pool, close } = installation);
    ({ ownerUrl } = installation.database);
    media = openMediaStore(pool);
  });
  after(() => close());

  const sends = async (room: Room, content: MediaContent) => (await room.say('', { content })).messageId;
  const taken = async (room: Room, turn = 1) => {
    const take = await room.transcript.take(room.ref, turn, NOW);
    assert.ok(take.kind === 'taken');
    return take;
  };
  const fileIn = async (room: Room, id: string) => {
    const { content } = (await taken(room)).messages.find((message) => message.id === id) ?? {};
    return content !== undefined && 'file' in content ? content.file : undefined;
  };

  it('CHAN-7 names each file that is to be fetched, until it is kept or refused', async () => {
    const room = await openRoom(pool, 'whatsapp');
    const [image, audio] = [await sends(room, { kind: 'image', mediaId: 'i' }), await sends(room, AUDIO)];
    const ids = [room.first.messageId, image, audio];
    const due = await media.due(room.ref, ids);
    assert.deepEqual(
      due.map(({ messageId, content, stored }) => [messageId, content.kind, stored]),
      [
        [image, 'image', null],
        [audio, 'audio', null],
      ],
    );
    assert.deepEqual(due[0]?.source, {
      organisationId: room.ref.organisationId,
      channel: 'whatsapp',
      channelIntegrationId: room.integration.id,
      integrationVersion: 1,
    });
    assert.equal((await fileIn(room, image))?.state, 'pending');
    await media.keep(room.ref, image, kept(), NOW);
    await media.refuse(room.ref, audio, 'too_large', NOW);
    assert.deepEqual(await media.due(room.ref, ids), []);
    const [shown, refused] = [await fileIn(room, image), await fileIn(room, audio)];
    assert.deepEqual([shown?.state, shown?.mimeType, shown?.size], ['stored', 'image/png', BYTES.length]);
    assert.deepEqual([refused?.state, refused?.refusal], ['refused', 'too_large']);
    assert.deepEqual(await media.bytes(room.ref, ids), new Map([[image, BYTES]]));
  });

  it('CHAN-7 lets stand what was decided first', async () => {
    const room = await openRoom(pool);
    const id = await sends(room, { kind: 'image' });
    await media.refuse(room.ref, id, 'gone', NOW);
    await media.keep(room.ref, id, kept(), NOW);
    await media.giveUp(room.ref, [id], NOW);
    assert.equal((await fileIn(room, id))?.refusal, 'gone');
  });

  it('CHAN-7 keeps what a recording says, once, with its trace, and remembers it', async () => {
    const room = await openRoom(pool);
    const id = await sends(room, AUDIO);
    await media.keep(room.ref, id, kept(true), NOW);
    const [due] = await media.due(room.ref, [id]);
    assert.deepEqual(due?.stored, { mimeType: 'audio/ogg' });
    const step = {
      turn: 1,
      kind: 'transcribe' as const,
      model: 'm',
      request: { file: id },
      response: { text: 'My lamp\0 is broken' },
      inputTokens: 7,
      outputTokens: 3,
      durationMs: 12,
      failure: null,
    };
    await media.heard(room.ref, id, { text: 'My lamp\0 is broken', step }, NOW);
    await media.heard(room.ref, id, { text: 'said later', step: null }, NOW);
    assert.deepEqual(await media.due(room.ref, [id]), []);
    assert.equal((await fileIn(room, id))?.transcript, 'My lamp is broken');
    const traced = await room.look<{ kind: string; input_tokens: number }>(
      'select kind, input_tokens from turn_steps where conversation_id = $1',
      [room.ref.conversationId],
    );
    assert.deepEqual(traced, [{ kind: 'transcribe', input_tokens: 7 }]);
    await room.transcript.settle(room.ref, [{ id, reason: 'answered' }], NOW);
    await room.say('next', {}, later(5));
    const past = (await taken(room, 2)).history.map(({ content }) => 'file' in content && content.file);
    assert.ok(past.some((file) => file && file.transcript === 'My lamp is broken'));
  });

  it('CHAN-7 gives up what cannot be had, and what cannot be understood', async () => {
    const room = await openRoom(pool);
    const [image, audio] = [await sends(room, { kind: 'image' }), await sends(room, AUDIO)];
    await media.keep(room.ref, audio, kept(true), NOW);
    await media.giveUp(room.ref, [image, audio], NOW);
    assert.equal((await fileIn(room, image))?.refusal, 'unavailable');
    assert.equal((await fileIn(room, audio))?.transcription, 'failed');
    assert.equal((await fileIn(room, audio))?.state, 'stored');
  });

  it('CHAN-7 tells whoever settles a message that its file is still to be fetched', async () => {
    const room = await openRoom(pool);
    const id = await sends(room, { kind: 'image' });
    const rows = [
      { id: room.first.messageId, reason: 'operator_has_it' as const },
      { id, reason: 'operator_has_it' as const },
    ];
    assert.deepEqual(await room.transcript.settle(room.ref, rows, NOW), [id]);
    await media.keep(room.ref, id, kept(), NOW);
    assert.deepEqual(await room.transcript.settle(room.ref, rows, NOW), []);
    const other = await sends(room, { kind: 'image' });
    await room.inbox.command(room.caller, room.ref.conversationId, 'take_over', NOW);
    const nothing = await room.transcript.take(room.ref, 1, NOW);
    assert.deepEqual(nothing.kind === 'nothing' && nothing.media, [other]);
  });

  it('CHAN-7 stores a visitor’s file with its message, or neither', async () => {
    const room = await openRoom(pool, 'webchat');
    const receive = makeReceive(pool);
    const content: MediaContent = { kind: 'audio', mimeType: 'audio/ogg', fileName: 'note.ogg' };
    const message = textMessage('', { content, room: 'r2', customer: { ids: ['r2'] } });
    const received = await receive(room.integration, message, NOW, kept(true));
    const again = await receive(room.integration, message, NOW, kept(true));
    assert.deepEqual([again.duplicate, again.messageId], [true, received.messageId]);
    const ref = { ...room.ref, conversationId: received.conversationId };
    const [due] = await media.due(ref, [received.messageId]);
    assert.deepEqual(due?.stored, { mimeType: 'audio/ogg' });
    const bad = textMessage('', { content, room: 'r2', customer: { ids: ['r2'] } });
    await assert.rejects(receive(room.integration, bad, NOW, { ...kept(), bytes: Buffer.alloc(0) }));
    const stored = await room.look(`select id from inbox where provider_message_id = $1`, [
      bad.providerMessageId,
    ]);
    assert.deepEqual(stored, []);
  });

  it('TEN-1 shows a file to its organisation and in its conversation alone', async () => {
    const [room, other] = [await openRoom(pool), await openRoom(pool)];
    const id = await sends(room, { kind: 'image', fileName: 'a.png' });
    await media.keep(room.ref, id, kept(), NOW);
    const { conversationId, organisationId } = room.ref;
    const read = readFile(pool);
    const as = (organisation: string) => ({ ...room.caller, organisationId: organisation });
    const found = await read(as(organisationId), conversationId, id);
    assert.deepEqual(found, { bytes: BYTES, mimeType: 'image/png', name: 'a.png' });
    assert.equal(await read(as(other.ref.organisationId), conversationId, id), null);
    assert.equal(await read(as(organisationId), randomUUID(), id), null);
    assert.deepEqual(await media.due(other.ref, [id]), []);
    await media.keep(other.ref, id, kept(), NOW);
    assert.equal((await media.bytes(other.ref, [id])).size, 0);
  });

  it('CHAN-7 shows on the transcript what a message’s file is and what became of it', async () => {
    const room = await openRoom(pool);
    const id = await sends(room, { ...AUDIO, fileName: 'note.ogg' });
    const page = { limit: 10, cursor: null };
    const shown = async () =>
      (await readMessages(pool)(room.caller, room.ref.conversationId, page))?.data.at(-1);
    assert.deepEqual((await shown())?.media, {
      id,
      kind: 'audio',
      name: 'note.ogg',
      state: 'pending',
      mimeType: 'audio/ogg',
      size: null,
      refusal: null,
      transcript: null,
    });
    await media.keep(room.ref, id, kept(true), NOW);
    await media.heard(room.ref, id, { text: 'Hello', step: null }, NOW);
    const after = await shown();
    assert.deepEqual([after?.media?.state, after?.media?.transcript], ['stored', 'Hello']);
    assert.equal(after?.text, '[audio note.ogg, transcript: "Hello"]');
  });

  it('DATA-1 forgets every byte with the customer', async () => {
    const room = await openRoom(pool);
    const id = await sends(room, { kind: 'image' });
    await media.keep(room.ref, id, kept(), NOW);
    const owner = new pg.Client({ connectionString: ownerUrl });
    await owner.connect();
    await owner.query('begin');
    await owner.query(`select set_config('parley.organisation', $1, true)`, [room.ref.organisationId]);
    const erased = await owner.query('delete from contacts where organisation_id = $1', [
      room.ref.organisationId,
    ]);
    await owner.query('commit');
    await owner.end();
    assert.equal(erased.rowCount, 1);
    assert.deepEqual(await room.look('select message_id from media'), []);
  });
});
