import { strict as assert } from 'node:assert';
import type { Egress, EgressRequest } from '../../egress/egress.ts';
import { whatsappFetcher } from './fetch-media.ts';

const NOW = new Date('2026-11-21T10:00:00Z');
const PNG = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

describe('files of WhatsApp', () => {
  /** Meta names this address, and whatever is called gives a picture. */
  async function fetched(url: string) {
    const asked: EgressRequest[] = [];
    const egress: Egress = {
      request(request) {
        asked.push(request);
        const body = asked.length === 1 ? Buffer.from(JSON.stringify({ url, mime_type: 'image/png' })) : PNG;
        return Promise.resolve({ status: 200, headers: {}, body, truncated: false, durationMs: 1 });
      },
      close: () => Promise.resolve(),
    };
    const fetcher = whatsappFetcher({
      egress,
      graphUrl: 'https://graph.facebook.com',
      clock: { now: () => NOW },
      timeoutMs: 1000,
    });
    const integration = { settings: {}, secrets: { access_token: 'EAAtoken' } };
    const found = await fetcher({ kind: 'image', mediaId: '1' }, integration, new AbortController().signal);
    return { kind: found.kind, called: asked.map((request) => new URL(request.url).hostname) };
  }

  it('CHAN-7 are fetched with the token from Meta’s own places', async () => {
    for (const host of ['lookaside.fbsbx.com', 'graph.facebook.com', 'mmg.whatsapp.net'])
      assert.deepEqual(await fetched(`https://${host}/file`), {
        kind: 'fetched',
        called: ['graph.facebook.com', host],
      });
  });

  it('CHAN-7 take the token to nobody else, whatever an answer names', async () => {
    for (const url of [
      'https://thief.example/file',
      'https://lookaside.fbsbx.com.thief.example/',
      'https://thieffbsbx.com/',
      'http://lookaside.fbsbx.com/file',
      'https://lookaside.fbsbx.com@thief.example/',
      'nonsense',
    ])
      assert.deepEqual(await fetched(url), { kind: 'refused', called: ['graph.facebook.com'] }, url);
  });
});
