import type { ServerResponse } from 'node:http';
import type { LocalCall } from './local-http-server.ts';

/** One thing of the outside world, answering below `/<name>/`. */
export interface StandIn {
  name: string;
  /** `path` is what follows the name, split at the slashes and decoded. */
  handle(path: string[], call: LocalCall, response: ServerResponse): void;
  /** Stops what it does by itself (webhooks it still owes). */
  close?(): void;
}

export interface StandInSettings {
  /** Address of the process, known once it listens. */
  url: () => string;
  journalLimit: number;
}

/** The JSON body of a call; throws an Error fit to be shown when it is not an object. */
export function jsonBody(call: LocalCall): Record<string, unknown> {
  const text = call.body.toString('utf8');
  let value: unknown;
  try {
    value = text === '' ? {} : JSON.parse(text);
  } catch {
    throw new Error('the body is not JSON');
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new Error('the body is no object');
  return value as Record<string, unknown>;
}
