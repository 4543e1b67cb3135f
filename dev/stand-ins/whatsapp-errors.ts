import { json, type Answer } from './faults.ts';

/**
 * Meta's error codes with the HTTP status and words its pages print for them. Meta asks clients to go by code and
 * details, because the statuses differ between its own tables.
 */
const ERRORS: Record<number, { status: number; title: string; details?: string; transient?: boolean }> = {
  0: { status: 401, title: 'AuthException' },
  1: { status: 400, title: 'API Unknown', transient: true },
  2: { status: 503, title: 'API Service', transient: true },
  4: { status: 400, title: 'Application request limit reached', transient: true },
  100: { status: 400, title: 'Invalid parameter' },
  190: { status: 401, title: 'Error validating access token: the session has been invalidated' },
  368: { status: 403, title: 'Temporarily blocked for policies violations' },
  80007: { status: 400, title: 'Rate limit issues', transient: true },
  130429: {
    status: 429,
    title: 'Rate limit hit',
    details: 'Too many messages sent from this phone number in a short period of time',
  },
  131000: { status: 500, title: 'Something went wrong' },
  131026: { status: 400, title: 'Message undeliverable' },
  131047: {
    status: 400,
    title: 'Re-engagement message',
    details: 'More than 24 hours have passed since the customer last replied to this number',
  },
  131048: { status: 400, title: 'Spam rate limit hit' },
  131051: { status: 400, title: 'Unsupported message type' },
  131056: {
    status: 400,
    title: '(Business Account, Consumer Account) pair rate limit hit',
    details: 'Too many messages from this number to the same customer in a short period of time',
  },
  131057: { status: 400, title: 'Account in maintenance mode', transient: true },
};

const CODE_OF_STATUS: Record<number, number> = { 400: 100, 401: 190, 403: 368, 429: 130429, 503: 2 };

/** The HTTP status that goes with a code; 400 for one the table does not know. */
export function statusOfCode(code: number): number {
  return ERRORS[code]?.status ?? 400;
}

/** The code to show when only a status was asked for. */
export function codeOfStatus(status: number): number {
  return CODE_OF_STATUS[status] ?? (status >= 500 ? 131000 : 100);
}

/** What a `failed` status webhook carries for this code. */
export function webhookError(code: number): object {
  const { title = 'Unknown error', details } = ERRORS[code] ?? {};
  return {
    code,
    title,
    message: title,
    error_data: { details: details ?? title },
    href: 'https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/',
  };
}

let traces = 0;

/** An error answer in Meta's shape. */
export function metaError(code: number, about?: string, status = statusOfCode(code)): Answer {
  const { title = 'Unknown error', details, transient } = ERRORS[code] ?? {};
  const authentication = code === 190 || code === 0;
  return json(status, {
    error: {
      message: `(#${code}) ${about ?? title}`,
      type: 'OAuthException',
      code,
      ...(!authentication && {
        error_data: { messaging_product: 'whatsapp', details: about ?? details ?? title },
      }),
      ...(transient && { is_transient: true }),
      fbtrace_id: `A${(++traces).toString(36).padStart(10, '0')}`,
    },
  });
}
