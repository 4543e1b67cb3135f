import { strict as assert } from 'node:assert';
import { createCipheriv, randomBytes } from 'node:crypto';
import { openSecrets } from './secrets.ts';

const K1 = `k1:${Buffer.alloc(32, 1).toString('base64')}`;
const K2 = `k2:${Buffer.alloc(32, 2).toString('base64')}`;
const place = { table: 'channel_integrations', row: 'a', column: 'secrets.access_token' };

describe('secrets', () => {
  it('TEN-3 opens what it sealed, and seals the same value differently each time', () => {
    const secrets = openSecrets(K1);
    const sealed = secrets.seal('süß and secret', place);
    assert.equal(secrets.open(sealed, place), 'süß and secret');
    assert.notEqual(secrets.seal('süß and secret', place), sealed);
    assert.ok(!sealed.includes('secret'));
    assert.equal(secrets.open(secrets.seal('', place), place), '');
  });

  it('TEN-3 refuses a value moved to another table, row or column', () => {
    const secrets = openSecrets(K1);
    const sealed = secrets.seal('token', place);
    for (const elsewhere of [
      { ...place, table: 'agents' },
      { ...place, row: 'b' },
      { ...place, column: 'secrets.app_secret' },
      { table: 'channel_integrations', row: 'a","secrets.access_token', column: '' },
    ]) {
      assert.throws(() => secrets.open(sealed, elsewhere), /altered or belongs elsewhere/);
    }
  });

  it('TEN-3 refuses a value altered at any byte', () => {
    const secrets = openSecrets(K1);
    const [version, id, encoded] = secrets.seal('token', place).split('.');
    const bytes = Buffer.from(encoded ?? '', 'base64url');
    for (let n = 0; n < bytes.length; n++) {
      const altered = Buffer.from(bytes);
      altered[n] = (altered[n] ?? 0) ^ 1;
      const sealed = [version, id, altered.toString('base64url')].join('.');
      assert.throws(() => secrets.open(sealed, place), /altered or belongs elsewhere/);
    }
  });

  it('TEN-3 refuses a tag cut to four bytes, which the cipher itself would take', () => {
    const secrets = openSecrets(K1);
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', Buffer.alloc(32, 1), iv, { authTagLength: 4 });
    cipher.setAAD(Buffer.from(JSON.stringify(['v1', 'k1', place.table, place.row, place.column])));
    cipher.final();
    const short = `v1.k1.${Buffer.concat([iv, cipher.getAuthTag()]).toString('base64url')}`;
    assert.throws(() => secrets.open(short, place), /altered or belongs elsewhere/);
  });

  it('TEN-3 opens values of older keys after a rotation, and none of a key that left', () => {
    const old = openSecrets(K1).seal('token', place);
    const rotated = openSecrets(`${K2}, ${K1}`);
    assert.equal(rotated.open(old, place), 'token');
    const fresh = rotated.seal('token', place);
    assert.deepEqual([rotated.keyOf(old), rotated.keyOf(fresh), rotated.newestKey], ['k1', 'k2', 'k2']);
    assert.equal(rotated.keyOf('plain-token'), null);
    assert.equal(openSecrets(K2).open(fresh, place), 'token');
    assert.throws(() => openSecrets(K2).open(old, place), /names no key/);
    assert.throws(() => openSecrets(K1).open(fresh, place), /names no key/);
  });

  it('TEN-3 never says the value in a refusal', () => {
    const secrets = openSecrets(K1);
    for (const given of ['plain-token', 'v1.k9.plain-token', 'v1.k1.cGxhaW4tdG9rZW4']) {
      assert.throws(
        () => secrets.open(given, place),
        (error: Error) => !error.message.includes(given.slice(-11)),
      );
    }
  });
});
