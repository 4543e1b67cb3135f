import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const workers = join(import.meta.dirname, '../../workers');
const AHEAD = join(workers, 'unwatched-workflow-thread.ts');
const FORGOING = join(workers, 'workflow-stack-traces.ts');

/** Sets the hook that the SDK keeps stacks by, once in the main thread and once in another. */
const HOOKING = `
  const { Worker, isMainThread } = require('node:worker_threads');
  if (isMainThread && process.argv[2] === 'forgone')
    import(${JSON.stringify(pathToFileURL(FORGOING).href)}).then(({ forgoWorkflowStackTraces }) => {
      forgoWorkflowStackTraces();
      new Worker(__filename);
    });
  let outcome = 'hooked';
  try { require('node:v8').promiseHooks.createHook({ init() {} })(); } catch (error) { outcome = error.message; }
  console.log(isMainThread ? 'main' : 'other', outcome);
  if (isMainThread && process.argv[2] === 'kept') new Worker(__filename);`;

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
  const hooking = join(folder, 'hooking.cjs');
  writeFileSync(program, PROGRAM);
  writeFileSync(hooking, HOOKING);
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

  for (const { traces, other, title } of [
    {
      traces: 'forgone',
      other: 'left out',
      title: 'has no hook on its promises, and the main thread may have one',
    },
    { traces: 'kept', other: 'hooked', title: 'has its hook where stack traces are wanted' },
  ])
    it(`RUN-3 ${title}`, () => {
      const args = ['--import', AHEAD, hooking, traces];
      const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
      assert.equal(stdout, `main hooked\nother ${other}\n`);
    });
});
