import type { ExternalAction, HttpMethod, Json } from './external-action.ts';
import { asText, fillHeader, fillJson, fillUrl } from './template.ts';
import type { Values } from './template.ts';
import { templateValues } from './variables.ts';

export type BuiltRequest =
  | {
      kind: 'ready';
      method: HttpMethod;
      url: string;
      /** Names in lower case, each once. Neither authentication nor signature: the adapter adds them. */
      headers: Record<string, string>;
      body: string | null;
    }
  | { kind: 'unusable'; code: UnusableRequest };

/** Why nothing can be sent. */
export type UnusableRequest =
  | 'missing_value'
  | 'unusable_url'
  | 'url_too_long'
  | 'unusable_header'
  | 'headers_too_long'
  | 'payload_not_an_object'
  | 'payload_too_large';

/** What receivers take without fuss; Node's own servers refuse heads beyond 16 kB. */
const LONGEST_URL = 8_192;
const LONGEST_HEADERS = 8_192;
/** In UTF-16 units. */
const LARGEST_PAYLOAD = 262_144;

/**
 * The request as an external action sends it, from its templates and the values of its variables and the built-in
 * ones. GET sends the members of the payload as query parameters: what is nested as compact JSON, null not at all.
 */
export function buildRequest(action: ExternalAction, given: Values): BuiltRequest {
  const values = templateValues(action.variables, given);
  const payload = fillJson(action.payloadTemplate, values);
  const url = fillUrl(action.webhookUrl, values);
  const headers = buildHeaders(action.headers, values);
  if (payload.missing.length + url.missing.length + headers.missing > 0) return unusable('missing_value');
  if (url.unusable.length > 0) return unusable('unusable_url');
  if (headers.unusable > 0) return unusable('unusable_header');
  if (headers.size > LONGEST_HEADERS) return unusable('headers_too_long');

  const inUrl = action.httpMethod === 'GET';
  if (inUrl && !isObject(payload.value)) return unusable('payload_not_an_object');
  const whole = inUrl && isObject(payload.value) ? withQuery(url.value, payload.value) : url.value;
  if (whole.length > LONGEST_URL) return unusable('url_too_long');
  const body = inUrl ? null : JSON.stringify(payload.value);
  if (body !== null && body.length > LARGEST_PAYLOAD) return unusable('payload_too_large');
  return { kind: 'ready', method: action.httpMethod, url: whole, headers: headers.filled, body };
}

function buildHeaders(templates: Record<string, string>, values: Values) {
  const filled = new Map<string, string>();
  let missing = 0;
  let unusableNames = 0;
  let size = 0;
  for (const [name, template] of Object.entries(templates)) {
    const header = fillHeader(template, values);
    missing += header.missing.length;
    unusableNames += header.unusable.length;
    size += name.length + header.value.length;
    filled.set(name.toLowerCase(), header.value);
  }
  return { filled: Object.fromEntries(filled), missing, unusable: unusableNames, size };
}

function withQuery(url: string, payload: { [name: string]: Json }): string {
  const parameters = Object.entries(payload)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${encoded(name)}=${encoded(asText(value))}`);
  if (parameters.length === 0) return url;
  const [address = ''] = url.split('#', 1);
  const joint = !address.includes('?') ? '?' : /[?&]$/.test(address) ? '' : '&';
  return address + joint + parameters.join('&');
}

function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

function isObject(value: Json): value is { [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unusable(code: UnusableRequest): BuiltRequest {
  return { kind: 'unusable', code };
}
