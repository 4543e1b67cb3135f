import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that is not here whole after this is answered 408 and cut (hostile uploads, one byte at a time). */
const REQUEST_MS = 15_000;
/** Longer than the idle time of usual proxies and clients, so that they close first and no request meets a closing socket. */
const KEEP_ALIVE_MS = 75_000;
const DRAIN_MS = 10_000;

export interface Listening {
  server: Server;
  port: number;
  /** Takes no new connection, lets requests under way finish for up to 10 s, then cuts what is left. */
  close(): Promise<void>;
}

/** Listens; port 0 takes a free one. Rejects with the system's error, e.g. EADDRINUSE. */
export async function listen(
  app: RequestListener,
  where: { host: string; port: number; requestMs?: number; drainMs?: number },
): Promise<Listening> {
  const requestMs = where.requestMs ?? REQUEST_MS;
  const server = createServer(
    {
      requestTimeout: requestMs,
      headersTimeout: requestMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // The default looks every 30 s only.
      connectionsCheckingInterval: Math.min(1_000, requestMs),
    },
    app,
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(where.port, where.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return {
    server,
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        const cut = setTimeout(() => server.closeAllConnections(), where.drainMs ?? DRAIN_MS);
        // A connection whose last request has just been answered is idle, and would be kept for the next one.
        const release = setInterval(() => server.closeIdleConnections(), 20);
        server.close(() => {
          clearTimeout(cut);
          clearInterval(release);
          resolve();
        });
      }),
  };
}
