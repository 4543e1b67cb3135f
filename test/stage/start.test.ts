import { strict as assert } from 'node:assert';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../dev/ports.ts';
import type { DevFile } from '../../dev/stage-memory.ts';
import { until } from '../../dev/until.ts';
import { npmStart, readDevFile, running, type NpmStart } from './npm-start.ts';

const PROCESSES = ['stage', 'postgres', 'temporal', 'stand-ins', 'model', 'api', 'worker'];

/** One installation, started and ended three times: each test goes on where the one before it stopped. */
describe('npm start', function () {
  this.timeout(180_000);
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-start-'));
  let env: Record<string, string>;
  let stage: NpmStart;
  let first: DevFile;
  let conversation: string;

  before(async () => {
    env = { DATA_DIR: dataDir, PORT: String(await freePort()) };
    stage = npmStart(env);
  });
  after(async () => {
    stage.interrupt();
    await stage.ended;
    rmSync(dataDir, { recursive: true });
  });

  it('RUN-1 sets everything up, prints the addresses and ends on one line that begins with ready', async () => {
    await stage.ready();
    const lines = stage.output().trimEnd().split('\n');
    assert.equal(lines.filter((line) => line.startsWith('ready')).length, 1);
    assert.match(lines.at(-1) ?? '', /^ready/);
    first = readDevFile(dataDir);
    for (const address of [
      first.api,
      first.chat,
      first.temporal_ui,
      first.temporal_address,
      first.stand_ins,
    ]) {
      assert.ok(address !== null && stage.output().includes(address), String(address));
    }
    assert.equal(first.api, `http://127.0.0.1:${env['PORT']}`);
    assert.deepEqual(Object.keys(first.pids), PROCESSES);
    assert.deepEqual(running(first.pids), PROCESSES);
  });

  it('TEN-3 keeps keys and passwords in files that only their owner reads, and prints none', () => {
    for (const name of ['dev.json', 'seeded.json', 'passwords.json', 'secrets-key.json']) {
      assert.equal(statSync(join(dataDir, name)).mode & 0o777, 0o600, name);
    }
    const { password } = new URL(first.database_url);
    for (const secret of [password, ...Object.values(first.keys), first.secrets.whatsapp_app_secret]) {
      assert.ok(!stage.output().includes(secret));
    }
  });

  it('RUN-1 serves the API, its reference, the chat page and the Temporal UI at the printed addresses', async () => {
    for (const url of [`${first.api}/readyz`, `${first.api}/docs`, first.chat, first.temporal_ui ?? '']) {
      assert.equal((await fetch(url)).status, 200, url);
    }
    const posted = await fetch(`${first.api}/v1/channels/${first.channels.generic}/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${first.keys.gateway}`, 'content-type': 'application/json' },
      body: JSON.stringify({ id: 'm1', room: 'r1', customer: { id: 'c1' }, text: 'hello' }),
    });
    assert.equal(posted.status, 202);
    ({ conversation_id: conversation } = (await posted.json()) as { conversation_id: string });
  });

  it('RUN-1 refuses a second stage on the same data while the first lives', async () => {
    const second = npmStart(env);
    assert.equal(await second.ended, 1);
    assert.match(
      second.output(),
      new RegExp(`in use by a running stage \\(process ${first.pids['stage']}\\)`),
    );
    assert.deepEqual(running(first.pids), PROCESSES);
  });

  it('RUN-1 starts again what dies, names it, and tells its new process number', async () => {
    const killed = first.pids['worker'] ?? 0;
    process.kill(killed, 'SIGKILL');
    const back = () =>
      readDevFile(dataDir).pids['worker'] !== killed && /worker is back/.test(stage.output());
    assert.ok(await until(back, 60_000), stage.output());
    assert.match(stage.output(), /worker ended unasked \(SIGKILL\)/);
    assert.deepEqual(running(readDevFile(dataDir).pids), PROCESSES);
  });

  it('RUN-1 ends every process on Ctrl-C', async () => {
    const { pids } = readDevFile(dataDir);
    stage.interrupt();
    assert.equal(await stage.ended, 0);
    assert.deepEqual(running(pids), []);
    assert.ok(!existsSync(join(dataDir, 'dev.json')));
  });

  it('RUN-1 keeps data, keys and addresses over a second start', async () => {
    stage = npmStart({ DATA_DIR: dataDir });
    await stage.ready();
    const second = readDevFile(dataDir);
    assert.deepEqual({ ...second, pids: {} }, { ...first, pids: {} });
    const found = await fetch(`${second.api}/v1/conversations/${conversation}`, {
      headers: { authorization: `Bearer ${first.keys.viewer}` },
    });
    assert.equal(found.status, 200);
  });

  it('RUN-1 heals after the supervisor was killed: what it left running is ended, and all starts anew', async () => {
    const { pids } = readDevFile(dataDir);
    process.kill(pids['stage'] ?? 0, 'SIGKILL');
    await stage.ended;
    assert.deepEqual(
      running(pids).filter((name) => name !== 'stage'),
      PROCESSES.slice(1),
    );
    stage = npmStart(env);
    await stage.ready();
    assert.deepEqual(running(pids), []);
    assert.deepEqual(running(readDevFile(dataDir).pids), PROCESSES);
  });

  it('RUN-1 names the port that another program has, and starts nothing', async () => {
    const other = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
    const folder = mkdtempSync(join(tmpdir(), 'parley-start-'));
    const refused = npmStart({ DATA_DIR: folder, PORT: String(port) });
    assert.equal(await refused.ended, 1);
    assert.match(refused.output(), new RegExp(`^port ${port} is taken by another program; set PORT=`, 'm'));
    assert.ok(!existsSync(join(folder, 'postgres')));
    other.close();
    rmSync(folder, { recursive: true });
  });

  it('RUN-1 says with --bare which setting names the model when none does', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-start-'));
    const refused = npmStart({ DATA_DIR: folder, PORT: String(await freePort()) }, ['--bare']);
    assert.equal(await refused.ended, 1);
    assert.match(refused.output(), /--bare brings no model: set OPENAI_API_KEY, or OPENAI_BASE_URL/);
    rmSync(folder, { recursive: true });
  });
});
