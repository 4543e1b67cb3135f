import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { join } from 'node:path';

interface Ran {
  code: number | null;
  figures: Record<string, unknown>;
  output: string;
}

/** Runs `npm run bench -- NAME …` in a tiny size. */
function bench(name: string, ...args: string[]): Promise<Ran> {
  const program = join(import.meta.dirname, '../../dev/run-bench.ts');
  const child = spawn(process.execPath, [program, name, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      const last = output.trimEnd().split('\n').at(-1) ?? '';
      try {
        resolve({ code, figures: JSON.parse(last) as Record<string, unknown>, output });
      } catch {
        reject(new Error(`the last line of ${name} is no JSON (exit code ${code}):\n${output}`));
      }
    });
  });
}

function areNumbers(ran: Ran, names: readonly string[]): void {
  for (const name of names) {
    const figure = ran.figures[name];
    assert.ok(typeof figure === 'number' && Number.isFinite(figure), `${name} is ${String(figure)}`);
  }
}

describe('benches', function () {
  this.timeout(180_000);

  it('CONV-6 events keeps the budgets of a turn, a nudge, a broken silence and a request to operators', async () => {
    const ran = await bench('events', '--turns', '3');
    assert.equal(ran.code, 0, ran.output);
    assert.equal(ran.figures['bench'], 'events');
    areNumbers(ran, [
      'plain_buffered',
      'plain_unbuffered',
      'understanding',
      'extra_message',
      'prolonged_wait',
      'tool_round',
      'approval',
      'nudge',
      'idle_reset',
    ]);
    areNumbers(ran, ['statements']);
  });

  it('CONV-6 flat finds the same events and statements in early and late turns', async () => {
    const ran = await bench('flat', '--conversations', '3', '--turns', '80', '--runs', '1');
    assert.equal(ran.code, 0, ran.output);
    assert.equal(ran.figures['bench'], 'flat');
    areNumbers(ran, ['early_ms', 'late_ms', 'ratio', 'turns']);
  });

  it('RUN-3 throughput prints every figure for the product and the floor', async () => {
    const size = ['--conversations', '6', '--messages', '5', '--pairs', '1', '--alone', '5'];
    const ran = await bench('throughput', ...size);
    assert.equal(ran.code, 0, ran.output);
    assert.equal(ran.figures['bench'], 'throughput');
    areNumbers(ran, ['grouped_per_s', 'single_per_s', 'alone_p50_ms', 'alone_p95_ms', 'ack_p50_ms']);
    areNumbers(ran, ['cpu_s_per_1000', 'floor_cpu_s_per_1000', 'cpu_ratio', 'peak_mb']);
  });

  it('ACT-1 tools keeps the budget of a tool round and times a message on its way to a webhook', async () => {
    const ran = await bench('tools', '--turns', '5', '--calls', '5');
    assert.equal(ran.code, 0, ran.output);
    assert.equal(ran.figures['bench'], 'tools');
    areNumbers(ran, ['events_per_round', 'cpu_ms_per_round', 'p50_ms', 'p95_ms']);
  });

  it('IDLE-4 idle fires every step once and tells how late, while customers are answered', async () => {
    const ran = await bench('idle', '--conversations', '20', '--spread', '3');
    assert.equal(ran.code, 0, ran.output);
    assert.equal(ran.figures['bench'], 'idle');
    assert.deepEqual([ran.figures['due'], ran.figures['fired'], ran.figures['doubled']], [20, 20, 0]);
    areNumbers(ran, ['p95_late_s', 'max_late_s', 'reply_p95_ms', 'minute_max_late_s']);
  });

  it('RUN-3 an unknown option is answered with the options there are', async () => {
    await assert.rejects(bench('flat', '--turn', '5'), /usage: npm run bench -- flat/);
  });
});
