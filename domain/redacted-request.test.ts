import { strict as assert } from 'node:assert';
import { redactedRequest } from './redacted-request.ts';

const CANARY = 'c4n4ry';
const request = { method: 'POST', url: 'https://shop.example/a?b=c', headers: {}, body: null };

describe('redacted request', () => {
  it('EXT-7 keeps what is no secret', () => {
    const plain = {
      ...request,
      headers: {
        'Content-Type': 'application/json',
        'idempotency-key': 'k',
        'x-keyboard': 'qwerty',
        'x-author': 'A',
      },
      body: '{"product":"lamp","monkey":1,"list":[{"a":null}]}',
    };
    assert.deepEqual(redactedRequest(plain), {
      method: 'POST',
      url: 'https://shop.example/a?b=c',
      headers: {
        'content-type': 'application/json',
        'idempotency-key': 'k',
        'x-keyboard': 'qwerty',
        'x-author': 'A',
      },
      body: { product: 'lamp', monkey: 1, list: [{ a: null }] },
    });
    assert.deepEqual(redactedRequest({ ...request, body: 'not json' }), { ...request, body: 'not json' });
  });

  it('EXT-7 takes the values of all that is named like a secret', () => {
    const names = [
      'Authorization',
      'Proxy-Authorization',
      'cookie',
      'X-Api-Key',
      'api_key',
      'apikey',
      'apiKey',
      'key',
      'x-auth',
      'X-Auth-Token',
      'access_token',
      'clientSecret',
      'password',
      'sig',
      'X-Signature',
    ];
    for (const name of names) {
      const kept = redactedRequest({
        method: 'GET',
        url: `https://u:${CANARY}@shop.example/?a=1&${name}=${CANARY}&${encodeURIComponent(name)}=${CANARY}#end`,
        headers: { [name]: CANARY },
        body: JSON.stringify({ deep: [{ [name]: CANARY }, { [name]: { inner: CANARY } }] }),
      });
      assert.ok(!JSON.stringify(kept).includes(CANARY), name);
      assert.ok(JSON.stringify(kept).includes('?a=1&'), name);
    }
  });

  it('EXT-7 shows that a credential went along, and not which', () => {
    const shown = (kept: unknown) => (kept as { headers: unknown }).headers;
    assert.deepEqual(shown(redactedRequest(request, { type: 'bearer' })), { authorization: '[redacted]' });
    assert.deepEqual(shown(redactedRequest(request, { type: 'api_key', header: 'X-Shop' })), {
      'x-shop': '[redacted]',
    });
  });
});
