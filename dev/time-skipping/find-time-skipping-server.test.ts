import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { quietProgress } from '../progress.ts';
import { findTimeSkippingServer } from './find-time-skipping-server.ts';

describe('the search for the time-skipping server', () => {
  let home: string;
  beforeEach(() => (home = mkdtempSync(join(tmpdir(), 'parley-time-skipping-'))));
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  /** A machine on whose PATH there are only these programs of one line of shell. */
  function machine(programs: Record<string, string>): NodeJS.ProcessEnv {
    for (const [name, line] of Object.entries(programs))
      writeFileSync(join(home, name), `#!/bin/sh\n${line}\n`, { mode: 0o755 });
    return { PATH: `${home}:/bin`, XDG_CACHE_HOME: join(home, 'cache') };
  }
  const find = (env: NodeJS.ProcessEnv) => findTimeSkippingServer(env, quietProgress);

  it('RUN-1 says what a machine lacks that has none', async () => {
    assert.deepEqual(await find({ ...machine({}), PATH: home }), { missing: 'there is no Java on PATH' });
    const bare = { ...machine({ java: 'exit 0' }), PATH: home };
    assert.deepEqual(await find(bare), { missing: 'there is no Maven (mvn) on PATH to fetch it' });
  });

  it('RUN-1 takes the one that is named without a look at it', async () => {
    assert.deepEqual(await find({ TIME_SKIPPING_SERVER: '/opt/server' }), { server: '/opt/server' });
  });

  it('RUN-1 fetches it once, behind a program that becomes the server', async () => {
    const fetching = 'for a in "$@"; do case $a in -DoutputDirectory=*) mkdir "${a#*=}";; esac; done';
    const env = machine({ java: 'echo "$@"', mvn: fetching });
    const found = await find(env);
    assert.ok('server' in found, JSON.stringify(found));
    const again = await find(machine({ mvn: 'exit 1' }));
    assert.deepEqual(again, found);
    const said = execFileSync(found.server, ['7777'], { env, encoding: 'utf8' });
    assert.match(said, /io\.temporal\.testserver\.TestServer 7777\n$/);
  });

  it('RUN-1 leaves nothing behind where Maven fails, and says why without an address', async () => {
    const complaint =
      'echo "[ERROR] Could not transfer x from central (https://example.test/x): no route"; exit 1';
    const found = await find(machine({ java: 'exit 0', mvn: `test "$1" = --version || { ${complaint}; }` }));
    assert.deepEqual(found, {
      missing: 'Maven did not fetch it: Could not transfer x from central no route',
    });
    assert.ok(!existsSync(join(home, 'cache')) || readdirSync(join(home, 'cache', 'parley')).length === 0);
  });
});
