import { strict as assert } from 'node:assert';
import { gzipSync } from 'node:zlib';
import type { FetchedMedia, MediaSource } from '../../activities/ports.ts';
import { openChannels } from '../../adapters/channels/index.ts';
import type { IntegrationSettings } from '../../adapters/channels/integrations.ts';
import { openEgress } from '../../adapters/egress/egress.ts';
import { openStandIns } from '../../dev/stand-ins/open-stand-ins.ts';
import type { ChannelKind } from '../../domain/channel.ts';
import { LARGEST_FILE } from '../../domain/media.ts';
import type { MediaContent } from '../../domain/message.ts';
import { genericIntegration, NEVER, SLACK, WHATSAPP } from './channel-setting.ts';
import { openSink } from './local-sink.ts';
import type { Sink } from './local-sink.ts';
import { innerUrls } from '../actions/ssrf-matrix.ts';

const PICTURE = Buffer.from('\x89PNG\r\n\x1a\n a picture', 'latin1');
const BIG = LARGEST_FILE + 1;

/** One provider with one file. */
interface FileRig {
  channel: ChannelKind;
  integration: IntegrationSettings;
  content: MediaContent;
  /** Switches a fault on for the next request of a file. */
  fault(fault: object): Promise<void>;
  /** Puts other bytes there. */
  put(bytes: Buffer): Promise<void>;
  /** A content that names nothing that is there. */
  missing: MediaContent;
}

describe('files of customers', () => {
  let standIns: Awaited<ReturnType<typeof openStandIns>>;
  let sink: Sink;
  let closing: (() => Promise<void>)[] = [];

  const post = async (path: string, body: unknown) => {
    const answer = await fetch(`${standIns.url}/${path}`, { method: 'POST', body: JSON.stringify(body) });
    assert.equal(answer.status, 200, await answer.text());
  };

  beforeEach(async () => {
    standIns = await openStandIns();
    sink = await openSink((_, response) => void response.setHeader('content-type', 'image/png').end(PICTURE));
  });
  afterEach(async () => {
    await Promise.all(closing.map((close) => close()));
    closing = [];
    await Promise.all([standIns.close(), sink.close()]);
  });

  function open(integration: IntegrationSettings, allow: string[], fileTimeoutMs = 10_000): MediaSource {
    const egress = openEgress({ allow });
    const channels = openChannels({
      integrations: { settingsOf: () => Promise.resolve(integration) },
      egress,
      whatsapp: { graphUrl: `${standIns.url}/whatsapp` },
      slack: { apiUrl: `${standIns.url}/slack/api` },
      placeholders: {} as never,
      workspaceOf: () => Promise.resolve(null),
      clock: { now: () => new Date() },
      fileTimeoutMs,
    });
    closing.push(async () => void (await Promise.all([channels.close(), egress.close()])));
    return channels.mediaSource;
  }

  function get(rig: FileRig, content = rig.content, fileTimeoutMs?: number): Promise<FetchedMedia> {
    const source = open(rig.integration, [`127.0.0.1:${sink.port}`], fileTimeoutMs);
    const { channel } = rig;
    const place = { organisationId: 'o', channel, channelIntegrationId: 'i', integrationVersion: 1 };
    return source.fetch(place, content, NEVER);
  }

  const rigs: Record<string, () => Promise<FileRig>> = {
    async whatsapp() {
      const put = (bytes: Buffer) =>
        post('whatsapp/control', {
          media: { f: { mime_type: 'image/png', base64: bytes.toString('base64') } },
        });
      await put(PICTURE);
      return {
        channel: 'whatsapp',
        integration: WHATSAPP,
        content: { kind: 'image', mediaId: 'f' },
        missing: { kind: 'image', mediaId: 'other' },
        put,
        fault: (fault) => post('whatsapp/control', { fail: [{ match: 'media-files', ...fault }] }),
      };
    },
    async slack() {
      const put = (bytes: Buffer) =>
        post('slack/control', {
          files: { F1: { mime_type: 'image/png', base64: bytes.toString('base64') } },
        });
      await put(PICTURE);
      return {
        channel: 'slack',
        integration: SLACK,
        content: { kind: 'image', mediaId: 'F1', url: `${standIns.url}/slack/files/F1` },
        missing: { kind: 'image', mediaId: 'F2', url: `${standIns.url}/slack/files/F2` },
        put,
        fault: (fault) => post('slack/control', { fail: [fault] }),
      };
    },
    generic: () =>
      Promise.resolve({
        channel: 'generic',
        integration: genericIntegration(standIns.url),
        content: { kind: 'image', url: `http://127.0.0.1:${sink.port}/a.png` },
        missing: { kind: 'image' },
        put(bytes) {
          sink.answer = (_, response) => void response.end(bytes);
          return Promise.resolve();
        },
        fault({ status = 200, headers = {}, hang, drop }: Record<string, unknown>) {
          sink.answer = (_, response) => {
            if (drop) return void response.destroy();
            response.writeHead(status as number, headers as Record<string, string>);
            if (hang) response.flushHeaders();
            else response.end(PICTURE);
          };
          return Promise.resolve();
        },
      }),
  };

  for (const [name, openRig] of Object.entries(rigs)) {
    describe(`on ${name}`, () => {
      let rig: FileRig;
      beforeEach(async () => void (rig = await openRig()));

      it('CHAN-7 brings the bytes as they are, and what they are said to be', async () => {
        assert.deepEqual(await get(rig), { kind: 'fetched', bytes: PICTURE, claimedType: 'image/png' });
      });

      it('CHAN-7 says that what is no longer there is gone', async () => {
        assert.deepEqual(await get(rig, rig.missing), { kind: 'refused', refusal: 'gone' });
        await rig.fault({ status: 410 });
        assert.deepEqual(await get(rig), { kind: 'refused', refusal: 'gone' });
      });

      it('CHAN-7 follows no redirect, and does not ask again where access is refused', async () => {
        for (const status of [302, 401, 403]) {
          await rig.fault({ status, headers: { location: `http://127.0.0.1:${sink.port}/` } });
          assert.deepEqual(await get(rig), { kind: 'refused', refusal: 'forbidden' }, String(status));
        }
      });

      it('CHAN-7 asks to be called again when the provider is away, as late as it says', async () => {
        await rig.fault({ status: 503, headers: { 'retry-after': '7' } });
        assert.deepEqual(await get(rig), { kind: 'try_again', afterMs: 7000, code: 'http_503' });
        await rig.fault({ drop: true });
        assert.equal((await get(rig)).kind, 'try_again');
      });

      it('CHAN-7 waits for a file only so long', async () => {
        await rig.fault({ hang: 'body' });
        const fetched = await get(rig, rig.content, 300);
        assert.deepEqual(fetched, { kind: 'try_again', afterMs: null, code: 'timed_out' });
      });

      it('CHAN-7 reads no more of a file than is kept', async () => {
        await rig.put(Buffer.alloc(BIG));
        assert.deepEqual(await get(rig), { kind: 'refused', refusal: 'too_large' });
      });

      it('EXT-6 unpacks nothing', async () => {
        await rig.fault({ headers: { 'content-encoding': 'gzip' }, ...(name !== 'generic' && packed) });
        assert.deepEqual(await get(rig), { kind: 'refused', refusal: 'wrong_type' });
      });
    });
  }
  /** The stand-ins' way to answer something else. */
  const packed = { status: 200, body: gzipSync(Buffer.alloc(1000)).toString('latin1') };

  it('EXT-6 does not unpack 50 MB of zeros that come in 50 KB', async () => {
    const rig = await (rigs['generic'] as () => Promise<FileRig>)();
    const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024));
    sink.answer = (_, response) => void response.writeHead(200, { 'content-type': 'image/png' }).end(bomb);
    const before = process.memoryUsage().rss;
    const fetched = await get(rig);
    assert.ok(fetched.kind === 'fetched' && fetched.bytes.length === bomb.length);
    assert.ok(process.memoryUsage().rss - before < 40 * 1024 * 1024);
  });

  it('EXT-6 gives up on a file that drips', async () => {
    const rig = await (rigs['generic'] as () => Promise<FileRig>)();
    sink.answer = (_, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write('x'), 20);
      response.on('close', () => clearInterval(drip));
    };
    const fetched = await get(rig, rig.content, 400);
    assert.deepEqual(fetched, { kind: 'try_again', afterMs: null, code: 'timed_out' });
  });

  it('EXT-6 fetches nothing from an inner address, however it is spelt', async () => {
    const source = open(genericIntegration(standIns.url), []);
    for (const url of innerUrls(sink.port)) {
      const place = { organisationId: 'o', channel: 'generic' as const, channelIntegrationId: 'i' };
      const fetched = await source.fetch({ ...place, integrationVersion: 1 }, { kind: 'image', url }, NEVER);
      assert.deepEqual(fetched, { kind: 'refused', refusal: 'blocked' }, url);
    }
    assert.equal(sink.connections, 0);
  });

  it('TEN-3 takes the bot’s token to Slack and nowhere else', async () => {
    const rig = await (rigs['slack'] as () => Promise<FileRig>)();
    const elsewhere = { ...rig.content, url: `http://127.0.0.1:${sink.port}/a.png` };
    assert.deepEqual(await get(rig, elsewhere), { kind: 'refused', refusal: 'forbidden' });
    assert.deepEqual(await get(rig, { ...rig.content, url: 'https://slack.com.evil.example/a' }), {
      kind: 'refused',
      refusal: 'forbidden',
    });
    assert.equal(sink.hits, 0);
  });

  it('CHAN-7 asks Meta for a new address on every try, with the integration’s token', async () => {
    const rig = await (rigs['whatsapp'] as () => Promise<FileRig>)();
    await post('whatsapp/control', { fail: [{ match: 'v23.0/f', code: 190 }] });
    assert.deepEqual(await get(rig), { kind: 'refused', refusal: 'forbidden' });
    await post('whatsapp/control', { fail: [{ match: 'v23.0/f', status: 500 }] });
    assert.equal((await get(rig)).kind, 'try_again');
    assert.equal((await get(rig)).kind, 'fetched');
  });
});
