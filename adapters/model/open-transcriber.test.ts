import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { openOfflineModel } from '../../dev/offline-model/open-offline-model.ts';
import type { LocalServer } from '../../dev/stand-ins/local-http-server.ts';
import type { ParleyFailure } from '../../contract/failures.ts';
import { openModel } from './open-model.ts';
import { openTranscriber } from './open-transcriber.ts';

const NOTE = Buffer.from('OggS\0 a voice note', 'latin1');
const SAYS = 'Lampu saya rusak, هل يمكنك المساعدة؟';
const alive = new AbortController().signal;

describe('what a model hears and sees, with the real client against the offline model', () => {
  let server: LocalServer;
  before(async () => void (server = await openOfflineModel()));
  beforeEach(async () => {
    for (const place of ['control', 'journal']) await fetch(`${server.url}/${place}`, { method: 'DELETE' });
  });
  after(() => server.close());

  const config = (timeoutMs?: number) => ({
    apiKey: 'sk-x',
    baseUrl: `${server.url}/v1`,
    name: 'ear',
    timeoutMs,
  });
  const control = (body: object) =>
    fetch(`${server.url}/control`, { method: 'POST', body: JSON.stringify(body) });
  const asked = async () => {
    const { entries } = (await (await fetch(`${server.url}/journal`)).json()) as {
      entries: { request: string }[];
    };
    return entries.map(({ request }) => JSON.parse(request) as Record<string, unknown>);
  };
  const tell = (text: string) =>
    control({ transcripts: { [createHash('sha256').update(NOTE).digest('hex')]: text } });
  const hear = (timeoutMs?: number) =>
    openTranscriber(config(timeoutMs)).transcribe({ bytes: NOTE, mimeType: 'audio/ogg' }, alive);
  const failure = (work: Promise<unknown>) =>
    work.then(
      () => assert.fail('it went well'),
      (error: ParleyFailure) => [error.code, error.retryable, error.retryAfterMs],
    );

  it('CHAN-7 has a recording written down, under a name that tells its type and nobody’s words', async () => {
    await tell(SAYS);
    assert.deepEqual(await hear(), { text: SAYS, model: 'ear', inputTokens: 0, outputTokens: 0, seconds: 1 });
    const [request] = await asked();
    const { name, type, size } = request?.['file'] as Record<string, unknown>;
    assert.deepEqual([name, type, size], ['recording.ogg', 'audio/ogg', NOTE.length]);
    assert.equal(request?.['model'], 'ear');
  });

  it('CHAN-7 is refused by an offline model, which cannot hear', async () => {
    assert.deepEqual(await failure(hear()), ['MODEL_REFUSED', false, undefined]);
  });

  it('CHAN-7 waits as a throttled endpoint says, and tries nothing by itself', async () => {
    await control({ fail: [{ status: 429, headers: { 'retry-after': '3' } }, { hang: true }] });
    assert.deepEqual(await failure(hear()), ['MODEL_RATE_LIMITED', true, 3000]);
    assert.deepEqual(await failure(hear(150)), ['MODEL_UNAVAILABLE', true, undefined]);
  });

  it('CHAN-7 shows pictures as parts of the message they belong to, and words alone as words', async () => {
    const picture = { file: 'a', mimeType: 'image/png', size: 3 };
    const bytes = new Map([['a', Buffer.from([1, 2, 3])]]);
    const messages = [
      { role: 'user' as const, content: 'before' },
      { role: 'user' as const, content: '[image] look', pictures: [picture, { ...picture, file: 'gone' }] },
    ];
    const answer = await openModel(config()).complete({ messages }, alive, bytes);
    assert.match(answer.text ?? '', /image\/png, 3 bytes/);
    const [request] = await asked();
    assert.deepEqual(request?.['messages'], [
      { role: 'user', content: 'before' },
      {
        role: 'user',
        content: [
          { type: 'text', text: '[image] look' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AQID' } },
        ],
      },
    ]);
  });
});
