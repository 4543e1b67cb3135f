import { strict as assert } from 'node:assert';
import { readAllowList } from './allow-list.ts';
import { judgeDestination } from './destination.ts';
import { EgressFailure } from './egress-failure.ts';

function refusal(url: string, allow: string[] = []): string {
  try {
    judgeDestination(url, readAllowList(allow));
    return 'passes';
  } catch (error) {
    assert.ok(error instanceof EgressFailure);
    assert.equal(error.mayHaveArrived, false);
    return `${error.code} ${error.reason}`;
  }
}

describe('destination of a call to the outside', () => {
  it('EXT-6 lets https on 443 to public names and addresses pass', () => {
    for (const url of [
      'https://example.com',
      'https://example.com:443/a?b=c#d',
      'https://8.8.8.8/',
      'https://[2606:4700::1111]/',
      'https://bücher.example/',
    ])
      assert.equal(refusal(url), 'passes', url);
  });

  it('EXT-6 sends path and query, not the fragment', () => {
    const { origin, path } = judgeDestination('https://Example.com:443/a b?c=d e#f', readAllowList([]));
    assert.deepEqual([origin, path], ['https://example.com', '/a%20b?c=d%20e']);
  });

  it('EXT-6 refuses what is no absolute http URL or names a user', () => {
    for (const url of ['', 'example.com', '/path', 'https://', 'https://a b/', 'https://1.2.3.4.5/'])
      assert.equal(refusal(url), 'bad_url unreadable', url);
    for (const url of [
      'ftp://example.com',
      'file:///etc/passwd',
      'javascript:1',
      'data:,x',
      'gopher://a:25/',
    ])
      assert.equal(refusal(url), 'bad_url scheme', url);
    for (const url of [
      'https://user@example.com',
      'https://a:b@127.0.0.1/',
      'https://example.com:pw@127.0.0.1/',
    ])
      assert.equal(refusal(url), 'bad_url credentials', url);
  });

  it('EXT-6 refuses plain http and other ports', () => {
    assert.equal(refusal('http://example.com/'), 'blocked_destination scheme');
    assert.equal(refusal('http://example.com:443/'), 'blocked_destination scheme');
    for (const port of [22, 80, 6379, 8443])
      assert.equal(refusal(`https://example.com:${port}/`), 'blocked_destination port');
  });

  it('EXT-6 refuses every spelling of an inner address', () => {
    for (const host of [
      '127.0.0.1',
      '127.0.0.1.',
      '2130706433',
      '0x7f000001',
      '0x7f.1',
      '017700000001',
      '0177.0.0.1',
      '127.1',
      '127.0.1',
      '①②⑦.⓪.⓪.①',
      '127。0。0。1',
      '%31%32%37.0.0.1',
      '0',
      '0.0.0.0',
      '10.0.0.1',
      '172.16.5.4',
      '192.168.1.1',
      '169.254.169.254',
      '0xa9fea9fe',
      '100.100.100.200',
      '168.63.129.16',
      '192.0.0.192',
      '224.0.0.1',
      '255.255.255.255',
      '[::]',
      '[::1]',
      '[::7f00:1]',
      '[::127.0.0.1]',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '[0:0:0:0:0:ffff:7f00:0001]',
      '[::ffff:a9fe:a9fe]',
      '[64:ff9b::7f00:1]',
      '[64:ff9b:1::7f00:1]',
      '[2002:7f00:1::1]',
      '[2001:0:4136:e378:8000:63bf:80ff:fffe]',
      '[fd00:ec2::254]',
      '[fe80::1]',
      '[fec0::1]',
      '[ff02::1]',
      '[100::1]',
      '[2001:db8::1]',
    ])
      assert.equal(refusal(`https://${host}/latest/meta-data`), 'blocked_destination address', host);
  });

  it('EXT-6 refuses names of the machine and of metadata services without a look-up', () => {
    for (const host of [
      'localhost',
      'LOCALHOST.',
      'api.localhost',
      'metadata.google.internal',
      'metadata.google.internal.',
      'metadata',
      'metadata.goog',
      'instance-data.ec2.internal',
      'printer.local',
      'kubernetes.default.svc',
      'db.default.svc.cluster.local',
    ])
      assert.equal(refusal(`https://${host}/`), 'blocked_destination name', host);
    assert.equal(refusal('https://localhost.example.com/'), 'passes');
  });

  it('EXT-6 lets a listed name pass on its port only, over http too, wherever it leads', () => {
    const allow = ['Hooks.Internal.:8080'];
    const { mayConnect } = judgeDestination('http://hooks.internal:8080/x', readAllowList(allow));
    assert.equal(mayConnect('10.1.2.3'), true);
    assert.equal(refusal('http://hooks.internal/', allow), 'blocked_destination scheme');
    assert.equal(refusal('https://hooks.internal/', allow), 'blocked_destination name');
    assert.equal(refusal('http://a.hooks.internal:8080/', allow), 'blocked_destination scheme');
  });

  it('EXT-6 lets a listed address pass on its port only, literally and behind a name', () => {
    const allow = ['10.0.0.7:8080', '192.168.0.0/16:9000', '[fd00::/8]:9000', '[::1]:7000'];
    assert.equal(refusal('http://10.0.0.7:8080/', allow), 'passes');
    assert.equal(refusal('http://0x0a000007:8080/', allow), 'passes');
    assert.equal(refusal('http://[::ffff:10.0.0.7]:8080/', allow), 'passes');
    assert.equal(refusal('http://[::1]:7000/', allow), 'passes');
    assert.equal(refusal('http://10.0.0.8:8080/', allow), 'blocked_destination address');
    assert.equal(refusal('http://10.0.0.7:9000/', allow), 'blocked_destination address');
    assert.equal(refusal('https://10.0.0.7/', allow), 'blocked_destination address');
    const { mayConnect } = judgeDestination('http://crm.example:9000/', readAllowList(allow));
    assert.deepEqual(['192.168.4.5', 'fd12::1', '10.0.0.7', '8.8.8.8', '::1', 'nonsense'].map(mayConnect), [
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });

  it('EXT-6 names an allow-list entry it cannot read', () => {
    for (const entry of [
      '',
      'host',
      'host:0',
      'host:70000',
      '10.0.0.0/33:80',
      '[fd00::1',
      'a b:80',
      'http://x:80',
    ])
      assert.throws(() => readAllowList([entry]), /allow-list/, entry);
  });
});
