import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identityOf } from './process-identity.ts';
import { freePort } from './ports.ts';
import { answersWell } from './stage-programs.ts';
import type { ProcessPlan } from './process-plan.ts';
import { Supervisor } from './supervisor.ts';
import { until } from './until.ts';

/** Serves 200 on a port; says a line first. */
const SERVER = `console.log('hello from', process.pid); require('http').createServer((_, r) => r.end('ok')).listen(process.env.PORT, '127.0.0.1')`;

describe('supervisor', () => {
  let folder: string;
  let supervisor: Supervisor;
  const said: string[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'parley-supervisor-'));
    said.length = 0;
  });
  afterEach(async () => {
    await supervisor.stopAll();
    rmSync(folder, { recursive: true });
  });

  const open = (restarts: boolean, ended: (names: string[]) => void = () => {}) => {
    supervisor = new Supervisor({
      logDir: folder,
      say: (line) => said.push(line),
      restarts,
      changed: (running) => ended(Object.keys(running)),
    });
  };
  const add = async (name: string, script = SERVER, more: Partial<ProcessPlan> = {}) => {
    const port = await freePort();
    supervisor.add({
      name,
      command: () => ({ file: process.execPath, args: ['-e', script], env: { PORT: String(port) } }),
      ready: () => answersWell(`http://127.0.0.1:${port}/`),
      readyWithinMs: 20_000,
      stopSignal: 'SIGTERM',
      graceMs: 5_000,
      tier: 0,
      ...more,
    });
    return port;
  };
  const pidOf = (name: string) => supervisor.pids()[name] ?? 0;

  it('RUN-1 waits until a process is ready, and its end leaves nothing', async () => {
    open(false);
    const port = await add('server');
    await supervisor.start('server');
    assert.ok(await answersWell(`http://127.0.0.1:${port}/`));
    const pid = pidOf('server');
    await supervisor.stop('server');
    assert.equal(identityOf(pid), undefined);
    assert.deepEqual(supervisor.pids(), {});
  });

  it('RUN-1 shows the last lines of a process that ends while it starts', async () => {
    open(true);
    await add('broken', `console.error('no such setting'); process.exit(3)`);
    await assert.rejects(
      supervisor.start('broken'),
      /broken did not start: it ended \(exit code 3\)[^]*no such setting/,
    );
  });

  it('RUN-1 gives up on a process that never gets ready, and ends it', async () => {
    open(false);
    await add('slow', 'setInterval(() => {}, 1000)', { readyWithinMs: 500 });
    const starting = supervisor.start('slow');
    await until(() => pidOf('slow') > 0, 5000);
    const pid = pidOf('slow');
    await assert.rejects(starting, /slow did not start: it was not ready within 0.5 s/);
    assert.equal(identityOf(pid), undefined);
  });

  it('RUN-1 names a process that dies unasked, with its last words, and starts it again', async () => {
    open(true);
    await add('server');
    await supervisor.start('server');
    const first = pidOf('server');
    await supervisor.kill('server', 'SIGKILL');
    assert.ok(await until(() => pidOf('server') > 0 && said.some((line) => /is back/.test(line)), 20_000));
    assert.notEqual(pidOf('server'), first);
    assert.match(said.join('\n'), new RegExp(`server ended unasked \\(SIGKILL\\)[^]*hello from ${first}`));
  });

  it('RUN-1 leaves it down where a test wants to choose the moment, and starts it when told', async () => {
    open(false);
    await add('server');
    await supervisor.start('server');
    const first = pidOf('server');
    const ended = supervisor.ended('server');
    await supervisor.kill('server', 'SIGKILL');
    assert.equal(await ended, 'SIGKILL');
    assert.deepEqual(supervisor.pids(), {});
    await supervisor.start('server');
    assert.notEqual(pidOf('server'), first);
  });

  it('RUN-1 kills what does not end within its grace', async () => {
    open(false);
    await add('deaf', `process.on('SIGTERM', () => {}); ${SERVER}`, { graceMs: 300 });
    await supervisor.start('deaf');
    const pid = pidOf('deaf');
    await supervisor.stop('deaf');
    assert.equal(identityOf(pid), undefined);
    assert.match(said.join(), /deaf did not end within 0.3 s and is killed/);
  });

  it('RUN-1 ends those who use the database before the database', async () => {
    const order: string[][] = [];
    open(false, (names) => order.push(names));
    await add('database', SERVER, { tier: 0 });
    await add('program', SERVER, { tier: 3 });
    await supervisor.start('database');
    await supervisor.start('program');
    order.length = 0;
    await supervisor.stopAll();
    assert.deepEqual(order, [['database'], []]);
    await assert.rejects(supervisor.start('program'), /stopped meanwhile/);
  });

  it('RUN-1 a stop during a start wins', async () => {
    open(true);
    await add('slow', 'setInterval(() => {}, 1000)');
    const starting = assert.rejects(supervisor.start('slow'), /slow did not start/);
    await until(() => pidOf('slow') > 0, 5000);
    await supervisor.stopAll();
    await starting;
    assert.deepEqual(supervisor.pids(), {});
  });
});
