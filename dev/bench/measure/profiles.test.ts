import { strict as assert } from 'node:assert';
import { packageOf, selfTimes, type CpuProfile } from './profiles.ts';

const frame = (functionName: string, url: string) => ({ functionName, url, lineNumber: 0 });

const PROFILE: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame('(idle)', '') },
    { id: 2, callFrame: frame('parse', 'file:///product/node_modules/pg-protocol/dist/parser.js') },
    { id: 3, callFrame: frame('take', 'file:///product/adapters/postgres/take-messages.ts') },
  ],
  startTime: 1_000_000,
  samples: [2, 1, 3, 2],
  timeDeltas: [0, 4000, 2000, 3000],
};

describe('CPU profiles', () => {
  it('RUN-3 gives each stretch of time to what ran in it, idling left out', () => {
    const { byPackage, busyMs } = selfTimes(PROFILE, { from: 0, to: Infinity });
    assert.deepEqual(byPackage, { 'pg-protocol': 4, 'adapters/postgres': 3 });
    assert.equal(busyMs, 7);
  });

  it('RUN-3 leaves out what ran before and after the window', () => {
    assert.equal(selfTimes(PROFILE, { from: 1_005_000, to: 1_007_000 }).busyMs, 3);
  });

  it('RUN-3 tells packages, rooms and parts of Node by the file', () => {
    assert.equal(packageOf('file:///x/node_modules/@temporalio/worker/lib/worker.js'), '@temporalio/worker');
    assert.equal(packageOf('file:///x/node_modules/a/node_modules/rxjs/index.js'), 'rxjs');
    assert.equal(packageOf('node:internal/streams/readable'), 'node:internal/streams');
    assert.equal(packageOf('file:///x/api/serve.ts'), 'api');
    assert.equal(packageOf(''), '');
  });
});
