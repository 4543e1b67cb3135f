import { ACTING_SHAPES } from './acting-shapes.ts';
import { PEOPLE_SHAPES } from './people-shapes.ts';
import type { PeopleShape } from './people-shapes.ts';
import { REQUEST_SHAPES } from './request-shapes.ts';
import { SHAPES } from './shapes.ts';

const PLAYED: Record<string, PeopleShape> = {
  ...SHAPES,
  ...ACTING_SHAPES,
  ...PEOPLE_SHAPES,
  ...REQUEST_SHAPES,
};

/** Recorded first when a reply was still sent by a step of its own, and since then once more (decision 0027). */
const SENT_AT_ONCE = [
  'plain-turns',
  'understood',
  'regrouped',
  'send-tried-again',
  'uncertain-delivery',
  'take-over-and-hand-back',
  'escalated',
  'external-action-confirmed',
];

/** Every shape of conversation whose history the replay test keeps, by its name (CONV-9). */
export const ALL_SHAPES: Record<string, PeopleShape> = {
  ...PLAYED,
  ...Object.fromEntries(
    Object.entries(PLAYED)
      .filter(([name]) => SENT_AT_ONCE.includes(name))
      .map(([name, play]) => [`${name}-sent-at-once`, play]),
  ),
};
