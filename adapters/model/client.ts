import OpenAI from 'openai';

export interface ModelConfig {
  apiKey: string;
  /** Any OpenAI-compatible endpoint, `/v1` included; OpenAI's own when left out. */
  baseUrl?: string;
  /** The model asked for when a request names none. */
  name: string;
  /** For the whole call, body included. Default 55 s, so that it ends before a one-minute activity does. */
  timeoutMs?: number;
}

export const CALL_TIMEOUT_MS = 55_000;

/** Their client, with our waits: one call is one attempt. */
export function openClient({ apiKey, baseUrl, timeoutMs = CALL_TIMEOUT_MS }: ModelConfig): OpenAI {
  // What is not named here the client would read from the environment, which only config.ts may.
  return new OpenAI({
    apiKey,
    baseURL: baseUrl ?? 'https://api.openai.com/v1',
    organization: null,
    project: null,
    adminAPIKey: null,
    webhookSecret: null,
    maxRetries: 0,
    timeout: timeoutMs,
    logLevel: 'off',
  });
}

/** The client's own timeout does not cover the body of an error answer; this one covers everything. */
export async function withinDeadline<T>(
  ms: number,
  signal: AbortSignal,
  call: (deadline: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const timer = setTimeout(abort, ms);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await call(controller.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}
