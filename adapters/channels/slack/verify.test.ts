import { strict as assert } from 'node:assert';
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { isSignedBySlack } from './verify.ts';

/** The sample of Slack's own documentation. */
const SECRET = '8f742231b10e8888abcd99yyyzzz85a5';
const SECONDS = 1531420618;
const BODY =
  'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V' +
  '&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=' +
  '&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN' +
  '&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c';
const SIGNATURE = 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503';

const at = (seconds: number) => new Date((SECONDS + seconds) * 1000);
const isGood = ({
  timestamp = String(SECONDS),
  signature = SIGNATURE,
  body = BODY,
  secret = SECRET,
  now = at(0),
}) =>
  isSignedBySlack(
    {
      headers: { 'x-slack-request-timestamp': timestamp, 'x-slack-signature': signature },
      body: Buffer.from(body),
    },
    secret,
    now,
  );
/** Signed as the secret's holder would, whatever the timestamp says. */
const signed = (timestamp: string) => ({
  timestamp,
  signature: `v0=${createHmac('sha256', SECRET).update(`v0:${timestamp}:${BODY}`).digest('hex')}`,
});

describe("Slack's signature", () => {
  it('CHAN-2 passes the published sample', () => {
    assert.equal(isGood({}), true);
  });

  it('CHAN-2 takes a timestamp up to five minutes off on either side, and none beyond', () => {
    for (const seconds of [-300, -1, 0, 1, 300])
      assert.equal(isGood({ now: at(seconds) }), true, `${seconds} s`);
    for (const seconds of [-365 * 86_400, -3600, -301, 301, 3600, 365 * 86_400])
      assert.equal(isGood({ now: at(seconds) }), false, `${seconds} s`);
  });

  it('CHAN-2 takes no timestamp but whole seconds, however well it is signed', () => {
    const numbers = [`${SECONDS}.0`, `+${SECONDS}`, ` ${SECONDS}`, `0x5b47a4ca`, '1531420618e0'];
    for (const timestamp of ['abc', '', 'NaN', 'Infinity', '-1', ...numbers])
      assert.equal(isGood(signed(timestamp)), false, timestamp);
    assert.equal(isGood(signed(String(SECONDS + 5))), true);
  });

  it('CHAN-2 refuses another secret, another body, no secret and anything that is no v0 signature', () => {
    assert.equal(isGood({ secret: 'another' }), false);
    assert.equal(isGood({ secret: '' }), false);
    assert.equal(isGood({ body: `${BODY}&` }), false);
    for (const signature of [
      '',
      'v0=',
      SIGNATURE.slice(3),
      SIGNATURE.replace('v0', 'v1'),
      `${SIGNATURE}00`,
      SIGNATURE.slice(0, -2),
    ])
      assert.equal(isGood({ signature }), false, signature);
    assert.equal(isSignedBySlack({ headers: {}, body: Buffer.from(BODY) }, SECRET, at(0)), false);
  });

  it('CHAN-2 refuses every signature with one digit changed', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 3, max: SIGNATURE.length - 1 }),
        fc.constantFrom(...'0123456789abcdef'),
        (place, digit) => {
          const signature = SIGNATURE.slice(0, place) + digit + SIGNATURE.slice(place + 1);
          assert.equal(isGood({ signature }), signature === SIGNATURE);
        },
      ),
    );
  });
});
