import { startProgram } from '../load/child-program.ts';
import { cpuSeconds, used } from '../measure/cpu.ts';
import { quietProgress } from '../../progress.ts';
import { openStage } from '../../stage.ts';
import type { FloorAnswer, FloorOrder } from './order.ts';

/** What the same messages cost without the product. */
export interface Floor {
  /** CPU seconds by part, and the seconds that the conversations took. */
  run(order: FloorOrder): Promise<{ cpu: Record<FloorPart, number>; seconds: number }>;
  close(): Promise<void>;
}

export type FloorPart = 'floor_worker' | 'floor_commits' | 'postgres' | 'temporal';

/**
 * The floor that the product is compared with: a bare Temporal workflow with one model activity per message, through
 * the same client against a stub of its own, and beside it a bare program of three Postgres commits per message.
 *
 * Accounting. Both stand on a Postgres and a Temporal of their own, started by the same code with the same settings
 * as the product's, so neither side carries the other's idle work or data. Counted are the worker's process, the
 * program of commits, Postgres with its backends, and Temporal. The one who signals lives in the worker's process
 * and is counted, because the product's gateway is counted too. Not counted are the bench and the stub.
 */
export async function openFloor(options: { signal: AbortSignal }): Promise<Floor> {
  const closing: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const part of closing) await part();
  };
  try {
    const model = await startProgram<{ port: number }>('load/stub-model.ts');
    closing.unshift(() => model.end());
    const modelUrl = `http://127.0.0.1:${model.ready.port}/v1`;
    const stage = await openStage({
      signal: options.signal,
      bare: true,
      without: ['api', 'worker'],
      env: { OPENAI_BASE_URL: modelUrl, OPENAI_API_KEY: 'stub' },
      progress: quietProgress,
    });
    closing.unshift(() => stage.stop());
    const worker = await startProgram<FloorAnswer>('floor/worker.ts', {
      TEMPORAL_ADDRESS: stage.dev().temporal_address,
      MODEL_URL: modelUrl,
    });
    closing.unshift(() => worker.end());
    const commits = await startProgram<FloorAnswer>('floor/commits.ts', {
      FLOOR_DATABASE_URL: stage.database.ownerUrl,
    });
    closing.unshift(() => commits.end());
    const pids = (): Record<FloorPart, number> => {
      const { postgres, temporal } = stage.pids() as { postgres: number; temporal: number };
      return { floor_worker: worker.pid, floor_commits: commits.pid, postgres, temporal };
    };
    return {
      async run(order) {
        const before = cpuSeconds(pids());
        const [conversations] = await Promise.all([worker.ask(order), commits.ask(order)]);
        return { cpu: used(before, cpuSeconds(pids())), seconds: conversations.seconds ?? 0 };
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
