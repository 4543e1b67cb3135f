import { openCrmStandIn } from './crm.ts';
import { json, send } from './faults.ts';
import { openLocalServer, type LocalServer } from './local-http-server.ts';
import { openSlack } from './slack.ts';
import type { StandIn, StandInSettings } from './stand-in.ts';
import { openWebhookSink } from './webhook-sink.ts';
import { openWhatsAppGraph } from './whatsapp-graph.ts';

/** All there are. A new one is a file beside this and a line here. */
const STAND_INS: ((settings: StandInSettings) => StandIn)[] = [
  openWhatsAppGraph,
  openSlack,
  openWebhookSink,
  openCrmStandIn,
];

/**
 * Opens the stand-ins for the outside world on 127.0.0.1: each answers below `/<name>/`. Port 0 (the default) takes a
 * free one. `journalLimit` is the number of entries each journal holds (default 100,000).
 */
export async function openStandIns(
  options: { port?: number; journalLimit?: number } = {},
): Promise<LocalServer> {
  let address = '';
  const settings = { url: () => address, journalLimit: options.journalLimit ?? 100_000 };
  const standIns = new Map(STAND_INS.map((open) => open(settings)).map((standIn) => [standIn.name, standIn]));

  const server = await openLocalServer(options.port ?? 0, (call, response) => {
    if (call.path === '/healthz') {
      send(response, json(200, { status: 'ok', stand_ins: [...standIns.keys()] }));
      return;
    }
    const path = decodedPath(call.path);
    const standIn = standIns.get(path?.[0] ?? '');
    if (path === undefined || standIn === undefined) {
      send(response, json(404, { error: `nothing stands at ${call.path}`, stand_ins: [...standIns.keys()] }));
      return;
    }
    standIn.handle(path.slice(1), call, response);
  });
  address = server.url;
  return {
    url: server.url,
    async close() {
      for (const standIn of standIns.values()) standIn.close?.();
      await server.close();
    },
  };
}

function decodedPath(path: string): string[] | undefined {
  try {
    return path.split('/').filter(Boolean).map(decodeURIComponent);
  } catch {
    return undefined;
  }
}
