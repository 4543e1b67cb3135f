import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request with its whole body; `path` is without the query, `query` without the question mark. */
export interface LocalCall {
  method: string;
  path: string;
  query: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface LocalServer {
  /** `http://127.0.0.1:<port>`, no slash at the end. */
  url: string;
  /** Stops listening and cuts what is still open, hung answers included. */
  close(): Promise<void>;
}

const LARGEST_BODY = 32 * 1024 * 1024;
/** Longer than any client keeps an idle connection, so that none is closed under a request on its way. */
const KEEP_ALIVE_MS = 120_000;

/**
 * A plain HTTP server on 127.0.0.1. Port 0 takes a free one. Rejects with a sentence that names the port
 * when it is taken. `handle` is synchronous and cheap: benches send their load through it.
 */
export async function openLocalServer(
  port: number,
  handle: (call: LocalCall, response: ServerResponse) => void,
): Promise<LocalServer> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    readCall(request, response, (call) => {
      try {
        handle(call, response);
      } catch (error) {
        answerFailure(response, error);
      }
    });
  });
  await new Promise<void>((listening, failed) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      failed(taken ? new Error(`port ${port} on 127.0.0.1 is taken`, { cause: error }) : error);
    });
    server.listen(port, '127.0.0.1', listening);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

function readCall(
  request: IncomingMessage,
  response: ServerResponse,
  whole: (call: LocalCall) => void,
): void {
  const pieces: Buffer[] = [];
  let size = 0;
  request.on('data', (piece: Buffer) => {
    size += piece.length;
    if (size <= LARGEST_BODY) pieces.push(piece);
  });
  request.on('end', () => {
    if (size > LARGEST_BODY) {
      response.writeHead(413).end();
      return;
    }
    const url = request.url ?? '/';
    const mark = url.indexOf('?');
    whole({
      method: request.method ?? 'GET',
      path: mark < 0 ? url : url.slice(0, mark),
      query: mark < 0 ? '' : url.slice(mark + 1),
      headers: request.headers,
      body: pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces, size),
    });
  });
  // A client that went away: there is nobody to answer, and nothing was done.
  request.on('error', () => response.destroy());
}

function answerFailure(response: ServerResponse, error: unknown): void {
  console.error('a stand-in failed:', error);
  if (response.headersSent) response.destroy();
  else response.writeHead(500, { 'content-type': 'text/plain' }).end('the stand-in itself failed\n');
}
