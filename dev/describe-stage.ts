import type { Seeded } from './seed.ts';
import type { DevFile } from './stage-memory.ts';
import type { Parts } from './stage-parts.ts';

/** What dev.json says of a stage that is up. */
export async function describeStage(parts: Parts, seeded: Seeded): Promise<Omit<DevFile, 'pids'>> {
  const { around, api, standIns } = parts;
  return {
    api,
    console: null,
    chat: `${api}/chat/${seeded.channels.webchat}`,
    temporal_ui: around.temporal.uiUrl,
    temporal_address: around.temporal.address,
    database_url: around.database.ownerUrl,
    ...seeded,
    stand_ins: standIns,
    model: around.model.baseUrl,
    metrics: {
      api: await prometheus(around.ports.api_metrics),
      worker: await prometheus(around.ports.worker_metrics),
    },
  };
}

/** The address of a process's figures, or null when it serves none. */
async function prometheus(port: number): Promise<string | null> {
  const url = `http://127.0.0.1:${port}/metrics`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
    return (await response.text()).includes('# TYPE ') ? url : null;
  } catch {
    return null;
  }
}
