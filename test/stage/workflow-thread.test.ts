import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const AHEAD = join(import.meta.dirname, '../../workers/unwatched-workflow-thread.ts');

/** Runs 100 ms of code that may take 10 ms, once in the main thread and once in another. */
const PROGRAM = `
  const { Worker, isMainThread } = require('node:worker_threads');
  const vm = require('node:vm');
  const busy = new vm.Script('const end = Date.now() + 100; while (Date.now() < end); 42');
  const context = vm.createContext({ Date });
  let outcome;
  try { outcome = busy.runInContext(context, { timeout: 10 }); } catch (error) { outcome = error.code; }
  console.log(isMainThread ? 'main' : 'other', outcome);
  if (isMainThread) new Worker(__filename);`;

describe('the thread that runs workflow code', () => {
  const folder = mkdtempSync(join(tmpdir(), 'parley-thread-'));
  const program = join(folder, 'program.cjs');
  writeFileSync(program, PROGRAM);
  after(() => rmSync(folder, { recursive: true }));

  for (const { args, other, title } of [
    {
      args: ['--import', AHEAD],
      other: '42',
      title: 'has no time limit where it is left out, and no other thread',
    },
    {
      args: [],
      other: 'ERR_SCRIPT_EXECUTION_TIMEOUT',
      title: 'has its time limit in a worker started plainly',
    },
  ])
    it(`RUN-3 ${title}`, () => {
      const { stdout } = spawnSync(process.execPath, [...args, program], { encoding: 'utf8' });
      assert.equal(stdout, `main ERR_SCRIPT_EXECUTION_TIMEOUT\nother ${other}\n`);
    });
});
