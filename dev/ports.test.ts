import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answers, choosePorts, freePort, isFree, PortTaken, type PortName } from './ports.ts';

describe('ports of a stage', () => {
  let folder: string;
  let file: string;
  const held: Server[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'parley-ports-'));
    file = join(folder, 'ports.json');
  });
  afterEach(() => {
    for (const server of held.splice(0)) server.close();
    rmSync(folder, { recursive: true });
  });

  const hold = (port: number) =>
    new Promise<void>((resolve) => held.push(createServer().listen(port, '127.0.0.1', resolve)));
  const said: string[] = [];
  const choose = (port: number | undefined, used: readonly PortName[] = ['api', 'postgres']) =>
    choosePorts({ file, port, used, anywhere: false, say: (line) => said.push(line) });

  it('RUN-1 keeps the addresses of the first start', async () => {
    const port = await freePort();
    const first = await choose(port);
    assert.equal(first.api, port);
    assert.deepEqual(await choose(undefined), first);
  });

  it('RUN-1 names the port of the API when another program has it, and moves nothing', async () => {
    const port = await freePort();
    await hold(port);
    await assert.rejects(choose(port), (error) => {
      assert.ok(error instanceof PortTaken);
      assert.match(error.message, new RegExp(`^port ${port} is taken by another program; set PORT=`));
      return true;
    });
  });

  it('RUN-1 moves another part aside, says so, and stays there', async () => {
    const port = await freePort();
    const { postgres } = await choose(port);
    await hold(postgres);
    said.length = 0;
    const moved = await choose(port);
    assert.notEqual(moved.postgres, postgres);
    assert.match(said.join(), new RegExp(`port ${postgres} \\(postgres\\) is taken`));
    assert.equal((await choose(undefined)).postgres, moved.postgres);
  });

  it('RUN-1 ignores ports of parts that this stage does not start', async () => {
    const port = await freePort();
    const { postgres } = await choose(port);
    await hold(postgres);
    assert.equal((await choose(port, ['api'])).postgres, postgres);
  });

  it('RUN-1 moves the whole stage when PORT changes', async () => {
    const first = await choose(await freePort());
    const second = await choose(await freePort());
    assert.notEqual(second.api, first.api);
    assert.notEqual(second.postgres, first.postgres);
  });

  it('RUN-1 tells a free port from one that is held', async () => {
    const port = await freePort();
    assert.equal(await isFree(port), true);
    assert.equal(await answers(port), false);
    await hold(port);
    assert.equal(await isFree(port), false);
    assert.equal(await answers(port), true);
  });
});
