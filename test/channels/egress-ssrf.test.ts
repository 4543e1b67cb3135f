import { strict as assert } from 'node:assert';
import { get } from 'node:http';
import { EgressFailure } from '../../adapters/egress/egress-failure.ts';
import { openEgress } from '../../adapters/egress/egress.ts';
import type { Egress } from '../../adapters/egress/egress.ts';
import type { Lookup } from '../../adapters/egress/guarded-lookup.ts';
import { openSink } from './local-sink.ts';
import type { Sink } from './local-sink.ts';

/** An address that may be called here and that no connection can be made to. */
const NOWHERE = '255.255.255.255';

/** Spellings of 127.0.0.1 that a plain client follows. */
const LOOPBACK_V4 = [
  '127.0.0.1',
  '127.0.0.1.',
  '2130706433',
  '0x7f000001',
  '017700000001',
  '0177.0.0.1',
  '127.1',
  '①②⑦.⓪.⓪.①',
  '0.0.0.0',
];
const OTHER_INNER = [
  '[::1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[::7f00:1]',
  '[64:ff9b::7f00:1]',
  '[2002:7f00:1::1]',
  '169.254.169.254',
  '[::ffff:a9fe:a9fe]',
  '[fd00:ec2::254]',
  '100.100.100.200',
  '168.63.129.16',
];

describe('SSRF matrix', () => {
  let sink: Sink;
  const opened: Egress[] = [];

  beforeEach(async () => {
    sink = await openSink();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((egress) => egress.close()));
    await sink.close();
  });

  /** Names and literals are let through to the sink's port, so that the address alone decides. */
  function open(lookup?: Lookup): Egress {
    const egress = openEgress({ allow: [`${NOWHERE}:${sink.port}`], lookup });
    opened.push(egress);
    return egress;
  }
  async function refusal(egress: Egress, url: string): Promise<string> {
    try {
      const { status } = await egress.request({ method: 'GET', url, timeoutMs: 2000, maxResponseBytes: 100 });
      return `answered ${status}`;
    } catch (error) {
      assert.ok(error instanceof EgressFailure, String(error));
      assert.equal(error.mayHaveArrived, false);
      assert.ok(!error.message.includes('127'), 'the message does not quote the URL');
      return `${error.code} ${error.reason}`;
    }
  }
  const answering =
    (...answers: string[][]): Lookup =>
    (_hostname, _options, callback) => {
      const addresses = (answers.length > 1 ? answers.shift() : answers[0]) ?? [];
      setImmediate(callback, null, addresses.map(toRecord));
    };
  const toRecord = (address: string) => ({ address, family: address.includes(':') ? 6 : 4 });

  it('EXT-6 reaches the sink by every spelling of its address without the guard', async () => {
    for (const host of [...LOOPBACK_V4, 'localhost']) await plainGet(new URL(`http://${host}:${sink.port}/`));
    assert.equal(sink.hits, LOOPBACK_V4.length + 1);
  });

  it('EXT-6 makes no connection for any spelling of an inner address', async () => {
    const egress = open();
    for (const host of [...LOOPBACK_V4, ...OTHER_INNER])
      assert.equal(
        await refusal(egress, `http://${host}:${sink.port}/`),
        'blocked_destination address',
        host,
      );
    assert.equal(sink.connections, 0);
  });

  it('EXT-6 makes no connection with the allow-list closed', async () => {
    const egress = openEgress({ allow: [] });
    opened.push(egress);
    for (const host of [...LOOPBACK_V4, ...OTHER_INNER, 'localhost']) {
      assert.equal(await refusal(egress, `http://${host}:${sink.port}/`), 'blocked_destination scheme', host);
      assert.equal(await refusal(egress, `https://${host}:${sink.port}/`), 'blocked_destination port', host);
    }
    assert.equal(await refusal(egress, `https://user:pw@127.0.0.1:${sink.port}/`), 'bad_url credentials');
    assert.equal(sink.connections, 0);
  });

  it('EXT-6 asks no name server about a literal or a metadata name', async () => {
    const asked: string[] = [];
    const egress = openEgress({
      allow: [],
      lookup: (hostname, _options, callback) => {
        asked.push(hostname);
        callback(null, [{ address: '127.0.0.1', family: 4 }]);
      },
    });
    opened.push(egress);
    for (const host of ['169.254.169.254', 'metadata.google.internal', 'metadata.goog', 'localhost'])
      assert.match(await refusal(egress, `https://${host}/`), /^blocked_destination/);
    assert.deepEqual(asked, []);
    assert.equal(await refusal(egress, 'https://rebind.example/'), 'blocked_destination address');
    assert.deepEqual(asked, ['rebind.example']);
  });

  it('EXT-6 refuses a name that leads to an inner address, real look-up included', async () => {
    const names = open();
    assert.equal(await refusal(names, `http://localhost:${sink.port}/`), 'blocked_destination address');
    for (const address of [
      '127.0.0.1',
      '10.0.0.1',
      '::1',
      '::ffff:127.0.0.1',
      '64:ff9b::7f00:1',
      'fe80::1%eth0',
    ])
      assert.equal(
        await refusal(open(answering([address])), `http://inner.example:${sink.port}/`),
        'blocked_destination address',
        address,
      );
    assert.equal(sink.connections, 0);
  });

  it('EXT-6 refuses a name with one inner address among good ones', async () => {
    for (const addresses of [
      [NOWHERE, '127.0.0.1'],
      ['127.0.0.1', NOWHERE],
      ['::1', NOWHERE],
    ])
      assert.equal(
        await refusal(open(answering(addresses)), `http://mixed.example:${sink.port}/`),
        'blocked_destination address',
      );
    assert.equal(sink.connections, 0);
  });

  it('EXT-6 refuses the inner address of a look-up that answers at once', async () => {
    const sync: Lookup = (_hostname, _options, callback) => callback(null, [toRecord('127.0.0.1')]);
    const url = `http://cached.example:${sink.port}/`;
    assert.equal(await refusal(open(sync), url), 'blocked_destination address');
    const failing: Lookup = (_hostname, _options, callback) =>
      callback(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), []);
    assert.equal(await refusal(open(failing), url), 'nothing_sent ENOTFOUND');
    const empty: Lookup = (_hostname, _options, callback) => callback(null, []);
    assert.equal(await refusal(open(empty), url), 'nothing_sent ENOTFOUND');
    assert.equal(sink.connections, 0);
  });

  it('EXT-6 connects to the address it checked, not to what the name says a moment later', async () => {
    let asked = 0;
    const rebinding: Lookup = (_hostname, _options, callback) => {
      asked += 1;
      setImmediate(callback, null, [toRecord(asked === 1 ? NOWHERE : '127.0.0.1')]);
    };
    const egress = open(rebinding);
    const url = `http://rebind.example:${sink.port}/`;
    assert.match(await refusal(egress, url), /^nothing_sent E/);
    assert.equal(asked, 1, 'one look-up per connection');
    assert.equal(await refusal(egress, url), 'blocked_destination address');
    assert.equal(asked, 2);
    assert.equal(sink.connections, 0);
  });

  it('EXT-6 checks again for each new connection of a name it has called before', async () => {
    const redirector = await openSink(
      (_, response) => void response.writeHead(204, { connection: 'close' }).end(),
    );
    const allow = [`127.0.0.1:${redirector.port}`];
    const egress = openEgress({ allow, lookup: answering(['127.0.0.1'], ['10.0.0.1']) });
    opened.push(egress);
    const url = `http://rebind.example:${redirector.port}/`;
    assert.equal(await refusal(egress, url), 'answered 204');
    assert.equal(await refusal(egress, url), 'blocked_destination address');
    await redirector.close();
  });

  it('EXT-6 returns a redirect as an answer and does not follow it', async () => {
    const targets = [
      `http://127.0.0.1:${sink.port}/`,
      `http://localhost:${sink.port}/`,
      '//127.0.0.1/',
      '/again',
    ];
    for (const status of [301, 302, 303, 307, 308]) {
      for (const location of targets) {
        const redirector = await openSink(
          (_, response) => void response.writeHead(status, { location }).end(),
        );
        const egress = openEgress({ allow: [`127.0.0.1:${redirector.port}`] });
        const answer = await egress.request({
          method: 'POST',
          url: `http://127.0.0.1:${redirector.port}/`,
          body: '{}',
          timeoutMs: 2000,
          maxResponseBytes: 100,
        });
        assert.equal(answer.status, status);
        assert.equal(redirector.hits, 1);
        await egress.close();
        await redirector.close();
      }
    }
    assert.equal(sink.connections, 0);
  });
});

function plainGet(url: URL): Promise<void> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => {
      response.resume().on('end', resolve);
    }).on('error', reject);
  });
}
