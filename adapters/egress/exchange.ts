import type { Dispatcher } from 'undici';
import { EgressFailure } from './egress-failure.ts';

export interface Outgoing {
  origin: string;
  path: string;
  method: string;
  headers: Record<string, string>;
  body: Buffer | string | null;
  timeoutMs: number;
  maxResponseBytes: number;
  signal: AbortSignal | undefined;
}

export interface EgressAnswer {
  /** Any status, redirects included: they are answers and are not followed. */
  status: number;
  headers: Record<string, string | string[] | undefined>;
  /** As it came: never decompressed, at most `maxResponseBytes`. */
  body: Buffer;
  /** The answer was longer; the rest was not read. */
  truncated: boolean;
  durationMs: number;
}

/**
 * One request and its answer, under one deadline that covers name, connection, request and whole body.
 * Works on dispatch events because they tell the one thing that callers must know when it fails: whether the
 * request had begun to leave (`onRequestStart` comes right before the first byte, on an open connection).
 * @throws EgressFailure
 */
export function exchange(dispatcher: Dispatcher, outgoing: Outgoing): Promise<EgressAnswer> {
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | null = null;
    let status: number | null = null;
    let headers: EgressAnswer['headers'] = {};
    const pieces: Buffer[] = [];
    let size = 0;
    let settled = false;

    const settle = () => {
      settled = true;
      clearTimeout(deadline);
      outgoing.signal?.removeEventListener('abort', onAbort);
    };
    const fail = (failure: EgressFailure) => {
      if (settled) return;
      settle();
      reject(failure);
      // Without a controller the request is still queued; `onRequestStart` stops it before a byte is written.
      controller?.abort(failure);
    };
    const failAs = (code: EgressFailure['code'], reason: string, cause?: unknown) =>
      fail(new EgressFailure(code, reason, { mayHaveArrived: controller !== null, status, cause }));
    const answer = (truncated: boolean) => {
      settle();
      const durationMs = Math.round(performance.now() - startedAt);
      resolve({ status: status ?? 0, headers, body: Buffer.concat(pieces, size), truncated, durationMs });
    };
    const deadline = setTimeout(() => failAs('timed_out', 'deadline'), outgoing.timeoutMs);
    const onAbort = () => failAs('aborted', 'caller');
    if (outgoing.signal?.aborted) return onAbort();
    outgoing.signal?.addEventListener('abort', onAbort, { once: true });

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(started) {
        if (settled) return started.abort(new EgressFailure('aborted', 'settled'));
        // A second start means that the client would send the same request again on another connection.
        if (controller !== null) return failAs('connection_lost', 'repeated');
        controller = started;
      },
      onResponseStart(_controller, code, received) {
        if (code < 200) return;
        status = code;
        headers = received;
      },
      onResponseData(_controller, chunk) {
        if (settled) return;
        const room = outgoing.maxResponseBytes - size;
        pieces.push(chunk.length > room ? chunk.subarray(0, room) : chunk);
        size += Math.min(chunk.length, room);
        if (chunk.length <= room) return;
        answer(true);
        controller?.abort(new EgressFailure('aborted', 'enough'));
      },
      onResponseEnd() {
        if (!settled) answer(false);
      },
      onResponseError(_controller, error) {
        if (error instanceof EgressFailure) return fail(error);
        const reason = reasonOf(error);
        if (isRefusedByClient(reason)) fail(new EgressFailure('bad_request', reason, { cause: error }));
        else failAs(controller === null ? 'nothing_sent' : 'connection_lost', reason, error);
      },
    };
    try {
      dispatcher.dispatch(
        {
          origin: outgoing.origin,
          path: outgoing.path,
          method: outgoing.method,
          headers: outgoing.headers,
          body: outgoing.body,
        },
        handler,
      );
    } catch (error) {
      fail(new EgressFailure('bad_request', reasonOf(error), { cause: error }));
    }
  });
}

function isRefusedByClient(reason: string): boolean {
  return reason === 'UND_ERR_INVALID_ARG' || reason === 'UND_ERR_NOT_SUPPORTED';
}

/** A code only: messages of sockets and parsers name hosts and quote what they read. */
function reasonOf(error: unknown): string {
  const { code, cause, errors } = (error ?? {}) as { code?: unknown; cause?: unknown; errors?: unknown[] };
  if (typeof code === 'string') return code;
  const inner = cause ?? errors?.[0];
  return inner === undefined ? 'unknown' : reasonOf(inner);
}
