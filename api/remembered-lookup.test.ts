import { strict as assert } from 'node:assert';
import type { Caller } from './ports.ts';
import { BELIEVED_MS, rememberLookup } from './remembered-lookup.ts';

describe('a remembered look-up', () => {
  const caller: Caller = { organisationId: 'o', keyId: 'k', memberId: null, role: 'viewer' };
  let asked: string[];
  let answer: () => Promise<Caller | null>;
  let now: number;
  const open = () =>
    rememberLookup(
      {
        apiKey: (key) => (asked.push(key), answer()),
        refusedKey: () => Promise.resolve(null),
        session: () => Promise.resolve(null),
        channelIntegration: () => Promise.resolve(null),
      },
      { now: () => new Date(now) },
    );
  beforeEach(() => {
    asked = [];
    answer = () => Promise.resolve(caller);
    now = 0;
  });

  it('TEN-2 asks once, also for many at the same time, and again when the answer is old', async () => {
    const lookup = open();
    await Promise.all([lookup.apiKey('a'), lookup.apiKey('a'), lookup.apiKey('b')]);
    assert.deepEqual(asked, ['a', 'b']);
    now = BELIEVED_MS;
    answer = () => Promise.resolve(null);
    assert.equal(await lookup.apiKey('a'), null);
    assert.deepEqual(asked, ['a', 'b', 'a']);
  });

  it('TEN-2 does not remember that it could not ask', async () => {
    const lookup = open();
    answer = () => Promise.reject(new Error('away'));
    await assert.rejects(lookup.apiKey('a'));
    answer = () => Promise.resolve(caller);
    assert.equal(await lookup.apiKey('a'), caller);
  });

  it('TEN-2 forgets when told to, an answer still on its way included', async () => {
    const lookup = open();
    const first = lookup.apiKey('a');
    lookup.forget();
    answer = () => Promise.resolve(null);
    assert.equal(await lookup.apiKey('a'), null);
    assert.equal(await first, caller);
    assert.equal(await lookup.apiKey('a'), null);
  });
});
