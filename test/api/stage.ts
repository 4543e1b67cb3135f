import { createApp } from '../../api/app.ts';
import type { AppOptions } from '../../api/gateway.ts';
import { listen } from '../../api/listen.ts';
import { createFakes } from './fakes.ts';
import type { Fakes } from './fakes.ts';

export interface LogLine {
  level: 'info' | 'warn' | 'error';
  fields: Record<string, unknown>;
  message: string;
}

export interface ApiStage extends Fakes {
  url: string;
  log: LogLine[];
  /** Asks the app to end its streams, as a draining process does. */
  drain(): void;
  /** Ends this process's part and begins another on the same port, over the same ports in memory. */
  reopen(port: number): Promise<void>;
  close(): Promise<void>;
}

/** The real app on a real socket, over the ports in memory. */
export async function openApiStage(
  options: Partial<AppOptions> & { requestMs?: number } = {},
): Promise<ApiStage> {
  const fakes = createFakes();
  const log: LogLine[] = [];
  const write = (level: LogLine['level']) => (fields: object, message: string) =>
    void log.push({ level, fields: fields as Record<string, unknown>, message });
  const begin = async (port: number) => {
    const closing = new AbortController();
    const app = createApp(fakes.ports, {
      log: { info: write('info'), warn: write('warn'), error: write('error') },
      publicUrl: 'http://chat.example',
      closing: closing.signal,
      ...options,
    });
    const listening = await listen(app, { host: '127.0.0.1', port, requestMs: options.requestMs });
    return {
      port: listening.port,
      drain: () => closing.abort(),
      async close() {
        closing.abort();
        const closed = listening.close();
        listening.server.closeAllConnections();
        await closed;
      },
    };
  };

  let running = await begin(0);
  return {
    ...fakes,
    url: `http://127.0.0.1:${running.port}`,
    log,
    drain: () => running.drain(),
    async reopen(port) {
      await running.close();
      running = await begin(port);
    },
    close: () => running.close(),
  };
}

/** Sends JSON with a key; the answer's body is parsed. */
export async function call(
  url: string,
  method: string,
  path: string,
  { key, body, headers = {} }: { key?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<{ status: number; headers: Headers; body: Record<string, unknown> }> {
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
  };
}
