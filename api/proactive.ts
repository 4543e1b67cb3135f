import { z } from 'zod';
import { dailyLimit } from '../domain/proactive-limit.ts';
import type { ProactiveState } from './ports.ts';
import { operation } from './route.ts';
import { time } from './shapes.ts';

const limit = z.int().min(0).max(100_000_000);

const proactive = z
  .strictObject({
    planned_today: limit.meta({
      description: 'Nudges of this day, in UTC; those that a customer overtook count, too',
    }),
    counted: limit.meta({
      description: 'Those of them that count against the limit: since the last resume, if it was today',
    }),
    limit: limit.meta({ description: 'Of a day. Beyond it nudges are held until an admin resumes' }),
    daily_limit: limit
      .nullable()
      .meta({ description: 'As an admin has set it; null: three times the peak of 30 days' }),
    stopped_at: time.nullable().meta({ description: 'Since when nudges are held; null: they are not' }),
  })
  .meta({ id: 'Proactive' });

export const readProactive = operation({
  summary:
    'How many proactive messages there were today, how many there may be, and whether they are stopped',
  status: 200,
  answer: proactive,
  async run({ caller }, gateway) {
    return toProactive(await gateway.proactive.read(caller));
  },
});

export const setProactiveLimit = operation({
  summary: 'Sets the daily limit of proactive messages; null is the default again. What is stopped stays so',
  body: z.strictObject({ daily_limit: limit.nullable() }),
  status: 200,
  answer: proactive,
  async run({ caller, body }, gateway) {
    return toProactive(await gateway.proactive.setLimit(caller, body.daily_limit));
  },
});

export const resumeProactive = operation({
  summary: 'Lets proactive messages go on, another whole limit of them today',
  status: 200,
  answer: proactive,
  async run({ caller }, gateway) {
    return toProactive(await gateway.proactive.resume(caller));
  },
});

function toProactive(state: ProactiveState): z.input<typeof proactive> {
  return {
    planned_today: state.plannedToday,
    counted: state.plannedToday - state.forgiven,
    limit: dailyLimit(state),
    daily_limit: state.set,
    stopped_at: state.stoppedAt?.toISOString() ?? null,
  };
}
