import { strict as assert } from 'node:assert';
import type { Context } from '@temporalio/activity';
import { asyncLocalStorage } from '@temporalio/activity';
import { DEFAULT_EXTERNAL_ACTION } from '../domain/external-action.ts';
import { FLAGS } from '../domain/tool.ts';
import { makeCallExternalAction } from './call-external-action.ts';
import { tryTool } from './call-tool.ts';
import type { ActivityPorts, Call, CallFence } from './ports.ts';

const BEGAN = 1_000;
const HELD_FOR = 5_000;
const ORDER = { organisationId: 'o', callId: 'c', regroup: false, answersSeq: 1 };

/** An attempt that has passed the fence, and gets to its sending so much later. */
function attemptAfter(lateMs: number, more: { tool: string; repeat?: boolean }) {
  const seen = { timeouts: [] as number[], noted: [] as object[] };
  let now = BEGAN;
  const call = {
    id: 'c',
    tool: more.tool,
    arguments: { connection: null, method: 'GET', url: 'https://example.com/', headers: [], body: null },
    externalAction: { id: 'x', version: 1 },
    reliability: 'keyed',
    message: '',
    plannedAt: new Date(0),
    state: 'failed',
    result: null,
  } as unknown as Call;
  const begin = (): Promise<CallFence> => {
    const deadline = new Date(BEGAN + HELD_FOR);
    now += lateMs;
    const context = { contact: { name: null, phone: null }, channel: 'generic', conversationId: 'k' };
    const repeat = more.repeat ?? false;
    return Promise.resolve({ kind: 'ready', call, attempt: 2, repeat, deadline, context } as CallFence);
  };
  const ports = {
    clock: { now: () => new Date(now) },
    failpoint: () => undefined,
    gates: {
      gates: () =>
        Promise.resolve({ enabledNodeTypes: new Set(['api']), organisationFlags: new Set([FLAGS.api]) }),
    },
    calls: {
      begin,
      noteAttempt: (_ref: object, attempt: object) => Promise.resolve(void seen.noted.push(attempt)),
      end: () => Promise.resolve(call),
    },
    externalActions: {
      version: () =>
        Promise.resolve({
          ...DEFAULT_EXTERNAL_ACTION,
          id: 'x',
          version: 1,
          webhookUrl: 'https://example.com/',
        }),
    },
    webhooks: {
      call: ({ timeoutMs }: { timeoutMs: number }) => {
        seen.timeouts.push(timeoutMs);
        return Promise.resolve({ kind: 'nothing_sent', code: 'blocked', durationMs: 0 });
      },
    },
  } as unknown as ActivityPorts;
  const context = { heartbeat: () => undefined, cancellationSignal: AbortSignal.abort() };
  const run = () =>
    more.tool === 'external_action'
      ? asyncLocalStorage.run(context as unknown as Context, () =>
          makeCallExternalAction(ports)({ ...ORDER, attempts: 1 }),
        )
      : tryTool(ports, ORDER, context.cancellationSignal);
  return { seen, run };
}

describe('the deadline of a call', () => {
  for (const tool of ['external_action', 'api_1']) {
    it(`EXT-5 leaves ${tool} what is left of its time, counted from the fence`, async () => {
      const { seen, run } = attemptAfter(1_500, { tool });
      await run().catch(() => undefined);
      assert.deepEqual(seen.timeouts, [HELD_FOR - 1_500]);
    });

    it(`ACT-8 sends nothing for ${tool} once another attempt may pass the fence`, async () => {
      const { seen, run } = attemptAfter(HELD_FOR, { tool });
      await assert.rejects(run(), { code: 'CALL_TRY_AGAIN' });
      assert.deepEqual(seen.timeouts, []);
      const nothing = { request: null, response: null, statusCode: null, durationMs: 0 };
      assert.deepEqual(seen.noted, [{ ...nothing, error: 'out_of_time', attempt: 2, inDoubt: false }]);
    });
  }

  it('ACT-8 leaves in doubt what an attempt before may have done', async () => {
    const { seen, run } = attemptAfter(HELD_FOR, { tool: 'api_1', repeat: true });
    await assert.rejects(run(), { code: 'CALL_TRY_AGAIN' });
    assert.deepEqual(seen, { timeouts: [], noted: [] });
  });
});
