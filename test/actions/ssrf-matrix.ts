import { strict as assert } from 'node:assert';
import { get } from 'node:http';
import type { Lookup } from '../../adapters/egress/guarded-lookup.ts';
import { openSink } from '../channels/local-sink.ts';
import type { Sink } from '../channels/local-sink.ts';

/** An address that may be called here and that no connection can be made to. */
export const NOWHERE = '255.255.255.255';

/** Spellings of 127.0.0.1 that a plain client follows. */
export const LOOPBACK_V4 = [
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

/** Loopback in version 6 and inside other addresses, and the addresses of cloud metadata. */
export const OTHER_INNER = [
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

export const INNER_NAMES = ['localhost', 'metadata.google.internal', 'metadata.goog'];

/** Every URL that must lead nowhere while the allow-list is closed: spellings, schemes, ports, user names. */
export function innerUrls(port: number): string[] {
  const hosts = [...LOOPBACK_V4, ...OTHER_INNER, ...INNER_NAMES];
  return [
    ...hosts.flatMap((host) => [
      `http://${host}:${port}/`,
      `https://${host}:${port}/`,
      `https://${host}/latest/meta-data`,
    ]),
    `https://user:pw@127.0.0.1:${port}/`,
    `https://example.com@127.0.0.1:${port}/`,
    `http://8.8.8.8:${port}/`,
    'https://8.8.8.8:22/',
    'file:///etc/passwd',
    'gopher://127.0.0.1:25/',
  ];
}

/** What came of an attempt: `answered <status>`, or a code. A subject that does not tell why has no reason. */
export interface SsrfOutcome {
  outcome: string;
  reason: string | null;
  mayHaveArrived: boolean;
}

/** Something that calls addresses of a tenant's choice. */
export interface SsrfSubject {
  open(way: { allow: string[]; lookup?: Lookup }): {
    attempt(url: string): Promise<SsrfOutcome>;
    close(): Promise<void>;
  };
}

/** Declares the cases of the matrix for a subject; the proof of each is that the sink on loopback saw nothing. */
export function declareSsrfMatrix(subject: SsrfSubject): void {
  let sink: Sink;
  const opened: ReturnType<SsrfSubject['open']>[] = [];

  beforeEach(async () => {
    sink = await openSink();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((each) => each.close()));
    await sink.close();
  });

  const openWith = (way: Parameters<SsrfSubject['open']>[0]) => {
    const one = subject.open(way);
    opened.push(one);
    return one;
  };
  /** Names and literals are let through to the sink's port, so that the address alone decides. */
  const open = (lookup?: Lookup) => openWith({ allow: [`${NOWHERE}:${sink.port}`], lookup });

  async function refuses(
    one: ReturnType<SsrfSubject['open']>,
    url: string,
    outcome: string,
    reason: string,
  ): Promise<void> {
    const got = await one.attempt(url);
    assert.equal(got.outcome, outcome, url);
    assert.equal(got.mayHaveArrived, false, url);
    if (got.reason !== null) assert.equal(got.reason, reason, url);
  }

  it('EXT-6 reaches the sink by every spelling of its address without the guard', async () => {
    for (const host of [...LOOPBACK_V4, 'localhost']) await plainGet(new URL(`http://${host}:${sink.port}/`));
    assert.equal(sink.hits, LOOPBACK_V4.length + 1);
  });

  it('EXT-6 makes no connection for any spelling of an inner address', async () => {
    const one = open();
    for (const host of [...LOOPBACK_V4, ...OTHER_INNER])
      await refuses(one, `http://${host}:${sink.port}/`, 'blocked_destination', 'address');
    assert.equal(sink.connections, 0);
  });

  it('EXT-6 makes no connection with the allow-list closed', async () => {
    const asked: string[] = [];
    const one = openWith({
      allow: [],
      lookup: (hostname, _options, callback) => {
        asked.push(hostname);
        callback(null, [toRecord('127.0.0.1')]);
      },
    });
    for (const url of innerUrls(sink.port)) {
      const { outcome, mayHaveArrived } = await one.attempt(url);
      assert.match(outcome, /^(blocked_destination|bad_url)$/, url);
      assert.equal(mayHaveArrived, false, url);
    }
    assert.deepEqual(asked, [], 'no name server is asked about any of them');
    await refuses(one, 'https://rebind.example/', 'blocked_destination', 'address');
    assert.deepEqual(asked, ['rebind.example']);
    assert.equal(sink.connections, 0);
  });

  it('EXT-6 refuses a name that leads to an inner address, real look-up included', async () => {
    await refuses(open(), `http://localhost:${sink.port}/`, 'blocked_destination', 'address');
    for (const address of [
      '127.0.0.1',
      '10.0.0.1',
      '::1',
      '::ffff:127.0.0.1',
      '64:ff9b::7f00:1',
      'fe80::1%eth0',
    ])
      await refuses(
        open(answering([address])),
        `http://inner.example:${sink.port}/`,
        'blocked_destination',
        'address',
      );
    assert.equal(sink.connections, 0);
  });

  it('EXT-6 refuses a name with one inner address among good ones', async () => {
    for (const addresses of [
      [NOWHERE, '127.0.0.1'],
      ['127.0.0.1', NOWHERE],
      ['::1', NOWHERE],
    ])
      await refuses(
        open(answering(addresses)),
        `http://mixed.example:${sink.port}/`,
        'blocked_destination',
        'address',
      );
    assert.equal(sink.connections, 0);
  });

  it('EXT-6 refuses the inner address of a look-up that answers at once', async () => {
    const url = `http://cached.example:${sink.port}/`;
    const sync: Lookup = (_hostname, _options, callback) => callback(null, [toRecord('127.0.0.1')]);
    await refuses(open(sync), url, 'blocked_destination', 'address');
    const failing: Lookup = (_hostname, _options, callback) =>
      callback(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), []);
    await refuses(open(failing), url, 'nothing_sent', 'ENOTFOUND');
    const empty: Lookup = (_hostname, _options, callback) => callback(null, []);
    await refuses(open(empty), url, 'nothing_sent', 'ENOTFOUND');
    assert.equal(sink.connections, 0);
  });

  it('EXT-6 connects to the address it checked, not to what the name says a moment later', async () => {
    let asked = 0;
    const one = open((_hostname, _options, callback) => {
      asked += 1;
      setImmediate(callback, null, [toRecord(asked === 1 ? NOWHERE : '127.0.0.1')]);
    });
    const url = `http://rebind.example:${sink.port}/`;
    assert.equal((await one.attempt(url)).outcome, 'nothing_sent');
    assert.equal(asked, 1, 'one look-up per connection');
    await refuses(one, url, 'blocked_destination', 'address');
    assert.equal(asked, 2);
    assert.equal(sink.connections, 0);
  });

  it('EXT-6 checks again for each new connection of a name it has called before', async () => {
    const other = await openSink(
      (_, response) => void response.writeHead(204, { connection: 'close' }).end(),
    );
    const allow = [`127.0.0.1:${other.port}`];
    const one = openWith({ allow, lookup: answering(['127.0.0.1'], ['10.0.0.1']) });
    const url = `http://rebind.example:${other.port}/`;
    assert.equal((await one.attempt(url)).outcome, 'answered 204');
    await refuses(one, url, 'blocked_destination', 'address');
    await other.close();
  });

  it('EXT-6 returns a redirect as an answer and does not follow it', async () => {
    const inner = [
      `http://127.0.0.1:${sink.port}/`,
      `http://localhost:${sink.port}/`,
      '//127.0.0.1/',
      '/again',
    ];
    for (const status of [301, 302, 303, 307, 308])
      for (const location of inner) {
        const redirector = await openSink(
          (_, response) => void response.writeHead(status, { location }).end(),
        );
        const one = openWith({ allow: [`127.0.0.1:${redirector.port}`] });
        const { outcome } = await one.attempt(`http://127.0.0.1:${redirector.port}/`);
        assert.deepEqual([outcome, redirector.hits], [`answered ${status}`, 1]);
        await redirector.close();
      }
    assert.equal(sink.connections, 0);
  });
}

/** A look-up that answers later, one list after the other and the last one for ever. */
function answering(...answers: string[][]): Lookup {
  return (_hostname, _options, callback) => {
    const addresses = (answers.length > 1 ? answers.shift() : answers[0]) ?? [];
    setImmediate(callback, null, addresses.map(toRecord));
  };
}

function toRecord(address: string) {
  return { address, family: address.includes(':') ? 6 : 4 };
}

function plainGet(url: URL): Promise<void> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => {
      response.resume().on('end', resolve);
    }).on('error', reject);
  });
}
