import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Sink {
  port: number;
  /** Requests whose head arrived. */
  hits: number;
  /** TCP connections accepted. */
  connections: number;
  requests: { method: string; url: string; headers: IncomingMessage['headers'] }[];
  answer: (request: IncomingMessage, response: ServerResponse) => void;
  close(): Promise<void>;
}

/** A server on 127.0.0.1 that counts what reaches it, so that a test can claim that nothing did. */
export async function openSink(
  answer: Sink['answer'] = (_, response) => void response.end('ok'),
): Promise<Sink> {
  const server = createServer((request, response) => {
    sink.hits += 1;
    sink.requests.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers });
    request.resume();
    sink.answer(request, response);
  });
  server.on('connection', () => void (sink.connections += 1));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sink: Sink = {
    port: (server.address() as AddressInfo).port,
    hits: 0,
    connections: 0,
    requests: [],
    answer,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return sink;
}

/** A port of 127.0.0.1 on which nobody listens. */
export async function closedPort(): Promise<number> {
  const sink = await openSink();
  await sink.close();
  return sink.port;
}
