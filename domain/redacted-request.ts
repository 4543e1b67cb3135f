import type { Authentication, Json } from './external-action.ts';

/** A request as it leaves, but for what the adapter adds to it. */
export interface OutgoingRequest {
  method: string;
  url: string;
  headers: Readonly<Record<string, string>>;
  body: string | null;
}

const REDACTED = '[redacted]';

const SECRET_NAME =
  /authorization|authentication|cookie|credential|passw(or)?d|secret|token|signature|(^|[^a-z])(auth|key|sig|jwt)([^a-z]|$)|api-?key|apikey/;

/** Named like a secret, but every receiver may know them. */
const NO_SECRETS = ['idempotency-key'];

/**
 * What the log keeps of a request (EXT-7): headers and query parameters with the names of secrets lose their values;
 * the credential, which only the adapter knows, is shown as a header that is redacted. A body that is JSON is kept as
 * JSON, and loses the members with such names.
 */
export function redactedRequest(
  request: OutgoingRequest,
  authentication: Authentication = { type: 'none' },
): Json {
  const headers = Object.entries(request.headers).map(([name, value]) => [
    name.toLowerCase(),
    isSecretName(name) ? REDACTED : value,
  ]);
  const credential = { none: [], bearer: ['authorization'], api_key: [headerOf(authentication)] };
  for (const name of credential[authentication.type]) headers.push([name, REDACTED]);
  return {
    method: request.method,
    url: redactedUrl(request.url),
    headers: Object.fromEntries(headers) as Record<string, string>,
    body: request.body === null ? null : redactedBody(request.body),
  };
}

/** The arguments of a call as people are shown them; those of an `api` call are the request itself. */
export function redactedArguments(tool: string, args: Json): Json {
  if (!tool.startsWith('api_')) return redactedJson(args);
  const { connection = null, ...request } = args as unknown as OutgoingRequest & { connection?: Json };
  return { ...(redactedRequest(request) as { [name: string]: Json }), connection };
}

/** Names are compared in lower case and with camel case taken apart: apiKey, API_KEY, x-api-key. */
export function isSecretName(name: string): boolean {
  const spelled = name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replaceAll('_', '-');
  return !NO_SECRETS.includes(spelled) && SECRET_NAME.test(spelled);
}

/** Whether a value is one that was shown without its secrets, in whole or in part. */
export function isRedacted(value: Json): boolean {
  if (typeof value !== 'object' || value === null) return value === REDACTED;
  return Object.values(value).some(isRedacted);
}

function headerOf(authentication: Authentication): string {
  return authentication.type === 'api_key' ? authentication.header.toLowerCase() : '';
}

function redactedUrl(url: string): string {
  return url
    .replace(/^([a-z]+:\/\/)[^/?#]*@/i, `$1${REDACTED}@`)
    .replace(/([?&])([^=&#]*)=([^&#]*)/g, (whole, joint: string, name: string) =>
      isSecretName(decoded(name)) ? `${joint}${name}=${REDACTED}` : whole,
    );
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name.replaceAll('+', ' '));
  } catch {
    return name;
  }
}

function redactedBody(body: string): Json {
  try {
    return redactedJson(JSON.parse(body) as Json);
  } catch {
    // Not JSON, or nested too deeply to walk: kept as the text it is.
    return body;
  }
}

export function redactedJson(value: Json): Json {
  if (Array.isArray(value)) return value.map(redactedJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, isSecretName(name) ? REDACTED : redactedJson(inner)]),
  );
}
