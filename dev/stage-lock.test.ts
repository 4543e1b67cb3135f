import { strict as assert } from 'node:assert';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identityOf } from './process-identity.ts';
import { takeStageLock } from './stage-lock.ts';
import { until } from './until.ts';

describe('lock of a data folder', () => {
  let folder: string;
  let lockFile: string;
  const started: ChildProcess[] = [];
  const said: string[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'parley-lock-'));
    lockFile = join(folder, 'stage.lock');
    said.length = 0;
  });
  afterEach(() => {
    for (const child of started.splice(0)) child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  const take = () => takeStageLock(folder, (line) => said.push(line));
  /** A process that does nothing until it is told to end. */
  const idle = async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000); console.log("up")']);
    started.push(child);
    await once(child.stdout, 'data');
    return child as ChildProcess & { pid: number };
  };
  const deadPid = async () => {
    const child = await idle();
    const known = { pid: child.pid, identity: identityOf(child.pid) ?? '' };
    child.kill('SIGKILL');
    await once(child, 'exit');
    return known;
  };

  it('RUN-1 refuses a second stage on a folder while the first lives, and names it', async () => {
    const first = await take();
    await assert.rejects(take(), new RegExp(`in use by a running stage \\(process ${process.pid}\\)`));
    first.release();
    (await take()).release();
  });

  it('RUN-1 takes over from a killed supervisor and ends what it left running', async () => {
    const orphan = await idle();
    const identity = identityOf(orphan.pid);
    const children = { worker: { pid: orphan.pid, identity, stopSignal: 'SIGTERM' } };
    writeFileSync(lockFile, JSON.stringify({ supervisor: await deadPid(), children }));
    const lock = await take();
    assert.equal(identityOf(orphan.pid), undefined);
    assert.match(said.join(), /ending worker/);
    lock.release();
  });

  it('RUN-1 leaves alone a stranger that got the number of a dead process', async () => {
    const stranger = await idle();
    const children = { worker: { pid: stranger.pid, identity: 'another start', stopSignal: 'SIGTERM' } };
    const supervisor = { pid: process.pid, identity: 'another start' };
    writeFileSync(lockFile, JSON.stringify({ supervisor, children }));
    const lock = await take();
    assert.notEqual(identityOf(stranger.pid), undefined);
    assert.deepEqual(said, []);
    lock.release();
  });

  it('RUN-1 lets one of two starters win', async () => {
    writeFileSync(lockFile, JSON.stringify({ supervisor: await deadPid(), children: {} }));
    const outcomes = await Promise.allSettled([take(), take()]);
    assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    rmSync(lockFile);
  });

  it('RUN-1 sees a process go, also before anybody has reaped it', async () => {
    const child = await idle();
    assert.notEqual(identityOf(child.pid), undefined);
    child.kill('SIGKILL');
    assert.ok(await until(() => identityOf(child.pid) === undefined, 5000));
    assert.equal(existsSync(lockFile), false);
  });
});
