import { z } from 'zod';
import { sendJson } from './answer.ts';
import { openOperation } from './route.ts';

const alive = z.strictObject({ status: z.literal('ok') });
const readiness = z.strictObject({
  status: z.enum(['ready', 'not_ready']),
  postgres: z.string(),
  temporal: z.string(),
});

export const healthz = openOperation({
  summary: 'The process lives',
  answers: { 200: { type: 'application/json', schema: alive, description: 'Alive' } },
  async serve({ res }) {
    sendJson(res, 200, { status: 'ok' });
  },
});

/**
 * Ready means that messages are taken and answered. Without Temporal they are taken all the same: a load
 * balancer that must not lose them should look at /healthz.
 */
export const readyz = openOperation({
  summary: 'Postgres, its schema and Temporal are there',
  answers: {
    200: { type: 'application/json', schema: readiness, description: 'Ready' },
    503: { type: 'application/json', schema: readiness, description: 'Something is missing; it is named' },
  },
  async serve({ res }, { health, conversations }) {
    const [missing, reachable] = await Promise.all([health.postgres(), conversations.reachable()]);
    const ready = missing === null && reachable;
    if (!ready) res.setHeader('retry-after', 2);
    sendJson(res, ready ? 200 : 503, {
      status: ready ? 'ready' : 'not_ready',
      postgres: missing ?? 'ok',
      temporal: reachable ? 'ok' : 'not reachable',
    });
  },
});
