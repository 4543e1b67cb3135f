import { z } from 'zod';
import type { ConnectionRecord } from './ports.ts';
import { Problem, unknown } from './problem.ts';
import { operation } from './route.ts';
import { parse } from './serve.ts';
import { time, timeOrNull } from './shapes.ts';

const COMPANY_TOKEN = '__qontak_crm_company_token';

const connection = z
  .strictObject({
    code: z.string(),
    connected: z.boolean(),
    updated_at: time.nullable().meta({ description: 'Null where nothing is stored' }),
  })
  .meta({ id: 'Connection' });

const byCode = z.object({
  code: z.union([z.literal(COMPANY_TOKEN), z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/)]),
});

/** What a header can carry: no line break gets into it, nor what is not ASCII. */
const headerValue = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/, 'holds what a header cannot carry');

/** Ours, or the connection's own. */
const TAKEN =
  /^(host|connection|content-.*|transfer-encoding|idempotency-key|webhook-.*|te|trailer|upgrade)$/i;

const headerName = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'is not the name of a header')
  .refine((name) => !TAKEN.test(name), 'is a header that we set ourselves');

/** Scheme, host and port, as URLs have them: what was not thought of when the secret was stored never receives it. */
const origin = z
  .string()
  .max(300)
  .refine((text) => isOrigin(text), 'is not an origin such as https://api.example.com')
  .meta({ description: 'The only origin that receives the secret, whichever URL a builder writes' });

const companyToken = z.strictObject({ token: headerValue });
const own = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('bearer'), origin, value: headerValue }),
  z.strictObject({ type: z.literal('api_key'), origin, header: headerName, value: headerValue }),
]);

export const listConnections = operation({
  summary: 'With what the organisation is connected; never the secrets themselves',
  status: 200,
  answer: z.strictObject({ data: z.array(connection) }),
  async run({ caller }, { connections }) {
    return { data: (await connections.list(caller)).map(toConnection) };
  },
});

export const saveConnection = operation({
  summary: `Stores a secret: {token} for ${COMPANY_TOKEN}, {type, origin, header?, value} for one of your own`,
  params: byCode,
  body: z
    .strictObject({
      token: z.string(),
      type: z.enum(['bearer', 'api_key']),
      origin: z.string(),
      header: z.string(),
      value: z.string(),
    })
    .partial(),
  status: 200,
  answer: connection,
  also: [409],
  async run({ caller, params: { code }, body }, { connections }) {
    const credential = code === COMPANY_TOKEN ? parse(companyToken, body) : parse(own, body);
    const saved = await connections.save(caller, code, credential);
    if (saved === 'too_many')
      throw new Problem(409, 'The organisation has as many connections as it may have.');
    return toConnection(saved);
  },
});

export const removeConnection = operation({
  summary: 'Forgets a secret',
  params: byCode,
  status: 200,
  answer: connection,
  async run({ caller, params }, { connections }) {
    const removed = await connections.remove(caller, params.code);
    if (removed === null) throw unknown('connection');
    return toConnection(removed);
  },
});

function isOrigin(text: string): boolean {
  try {
    const { protocol, origin } = new URL(text);
    return (protocol === 'https:' || protocol === 'http:') && origin === text;
  } catch {
    // No URL at all; the message says what is wanted.
    return false;
  }
}

function toConnection({ code, connected, updatedAt }: ConnectionRecord): z.input<typeof connection> {
  return { code, connected, updated_at: timeOrNull(updatedAt) };
}
