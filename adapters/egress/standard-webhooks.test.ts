import { strict as assert } from 'node:assert';
import { Webhook } from 'standardwebhooks';
import { readSigningKeys, signWebhook } from './standard-webhooks.ts';

const SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
const OLDER = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const ID = '5f1d7a84-3d9e-4d53-9f3e-0c9f0f6a1b2c';

function keys(setting: string): Buffer[] {
  const read = readSigningKeys(setting);
  assert.ok(read);
  return read;
}

describe('Standard Webhooks signature', () => {
  it('CHAN-5 signs as the reference vector of the specification', () => {
    const headers = signWebhook(
      'msg_p5jXN8AQM9LWM0D4loKWxJek',
      new Date(1614265330 * 1000 + 999),
      '{"test": 2432232314}',
      keys(OLDER),
    );
    assert.equal(headers['webhook-timestamp'], '1614265330');
    assert.equal(headers['webhook-signature'], 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  it('CHAN-5 is accepted by the reference library, for text in any script', () => {
    const body = JSON.stringify({ text: 'مرحبا, Pesanan Anda 🙏 "quoted"' });
    const headers = signWebhook(ID, new Date(), body, keys(SECRET));
    assert.deepEqual(new Webhook(SECRET).verify(body, headers), JSON.parse(body));
    assert.throws(() => new Webhook(OLDER).verify(body, headers));
    assert.throws(() => new Webhook(SECRET).verify(body.replace('Anda', 'anda'), headers));
  });

  it('CHAN-5 signs with every secret while secrets are rotated', () => {
    const headers = signWebhook(ID, new Date(), '{}', keys(`${SECRET}  ${OLDER}`));
    for (const secret of [SECRET, OLDER]) assert.deepEqual(new Webhook(secret).verify('{}', headers), {});
  });

  it('CHAN-5 has no keys where the secret is missing or not base64', () => {
    for (const setting of [
      undefined,
      '',
      '  ',
      'whsec_',
      'whsec_no-dashes',
      `${SECRET} whsec_!`,
      'whsec_a.b',
    ])
      assert.equal(readSigningKeys(setting), null, String(setting));
  });
});
