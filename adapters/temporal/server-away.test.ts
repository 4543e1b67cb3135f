import { strict as assert } from 'node:assert';
import { isServerAway } from './server-away.ts';

const grpc = (code: number) => new Error('wrapped', { cause: Object.assign(new Error('grpc'), { code }) });

describe('server away', () => {
  it('CONV-2 tells an absent Temporal from one that refuses a single call', () => {
    for (const code of [4, 8, 14]) assert.equal(isServerAway(grpc(code)), true);
    for (const code of [3, 5, 9]) assert.equal(isServerAway(grpc(code)), false);
    assert.equal(isServerAway(new Error('of our own')), false);
  });
});
