import { strict as assert } from 'node:assert';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DefaultLogger, Worker, bundleWorkflowCode } from '@temporalio/worker';
import type { WorkflowBundle } from '@temporalio/worker';
import { ALL_SHAPES } from '../../dev/histories/all-shapes.ts';
import '../quiet-temporal.ts';

const folder = join(import.meta.dirname, 'histories');
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

describe('replay', () => {
  let bundle: WorkflowBundle;

  before(async function () {
    this.timeout(60_000);
    const workflowsPath = fileURLToPath(new URL('../../workflows/index.ts', import.meta.url));
    bundle = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
  });

  it('CONV-9 has a recorded history of every shape of conversation', () => {
    for (const shape of Object.keys(ALL_SHAPES)) {
      assert.ok(
        files.some((name) => name.startsWith(`${shape}.`)),
        `no history of ${shape}: npm run record-histories`,
      );
    }
  });

  for (const file of files) {
    it(`CONV-9 goes on with conversations like ${file.replace('.json', '')}`, async () => {
      const history: unknown = JSON.parse(readFileSync(join(folder, file), 'utf8'));
      await Worker.runReplayHistory({ workflowBundle: bundle }, history);
    });
  }

  it('CONV-9 notices code that would break a running conversation', async () => {
    const [file] = files;
    assert.ok(file !== undefined);
    const text = readFileSync(join(folder, file), 'utf8');
    const renamed = text
      .replaceAll('"composeReply"', '"composeAnswer"')
      .replaceAll('"openConversation"', '"openRoom"');
    assert.notEqual(renamed, text);
    const replaying = Worker.runReplayHistory({ workflowBundle: bundle }, JSON.parse(renamed));
    await assert.rejects(replaying, { name: 'DeterminismViolationError' });
  });
});
