import { openOfflineModel } from './open-offline-model.ts';

// The process of the offline model: `PORT` (default 4901), `OFFLINE_MODEL_LATENCY_MS` (default 0).

try {
  const model = await openOfflineModel({
    port: Number(process.env.PORT ?? 4901),
    latencyMs: Number(process.env.OFFLINE_MODEL_LATENCY_MS ?? 0),
  });
  console.log(`offline model (rules, not a language model) at ${model.url}/v1`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void model.close().then(() => process.exit(0)));
  }
} catch (error) {
  console.error(`the offline model cannot start: ${(error as Error).message}`);
  process.exitCode = 1;
}
