import { z } from 'zod';
import type { DivisionRecord } from './ports.ts';
import { Problem, unknown } from './problem.ts';
import { operation } from './route.ts';
import { byId, id, pageOf, pageQuery, readable, time, toPage, toPageQuery, words } from './shapes.ts';

const division = z
  .strictObject({
    id,
    name: z.string(),
    members: z.array(id),
    waiting: z.int().meta({ description: 'Conversations in its queue' }),
    created_at: time,
  })
  .meta({ id: 'Division' });

const change = z.strictObject({ name: readable(words(255)), members: z.array(id).max(1000) }).partial();

export const listDivisions = operation({
  summary: 'The divisions of the organisation, and how many conversations wait in each',
  query: pageQuery,
  status: 200,
  answer: pageOf(division),
  async run({ caller, query }, { people }) {
    return toPage(await people.divisions(caller, toPageQuery(query)), toDivision);
  },
});

export const readDivision = operation({
  summary: 'One division',
  params: byId,
  status: 200,
  answer: division,
  async run({ caller, params }, { people }) {
    return toDivision(found(await people.division(caller, params.id)));
  },
});

export const createDivision = operation({
  summary: 'Makes a division',
  body: change.required({ name: true }),
  status: 201,
  answer: division,
  also: [409],
  async run({ caller, body }, { people }) {
    return toDivision(accepted(await people.createDivision(caller, body)));
  },
});

export const changeDivision = operation({
  summary: 'Changes the name, or puts other members in place of those it has',
  params: byId,
  body: change,
  status: 200,
  answer: division,
  also: [409],
  async run({ caller, params, body }, { people }) {
    return toDivision(found(accepted(await people.updateDivision(caller, params.id, body))));
  },
});

export const removeDivision = operation({
  summary: "Removes a division; what waits in its queue goes on waiting in the organisation's own",
  params: byId,
  status: 200,
  answer: division,
  async run({ caller, params }, { people, conversations }) {
    const { removed, moved } = found(await people.removeDivision(caller, params.id));
    for (const signal of moved) conversations.signalSoon(signal);
    return toDivision(removed);
  },
});

function found<T>(record: T | null): T {
  if (record === null) throw unknown('division');
  return record;
}

function accepted<T>(answer: T | 'unknown_member' | 'name_taken'): T {
  if (answer === 'name_taken') throw new Problem(409, 'Another division has this name.');
  if (answer !== 'unknown_member') return answer;
  throw new Problem(422, 'Some fields are not valid.', {
    errors: [{ field: 'members', message: 'names a member who does not exist' }],
  });
}

function toDivision({ createdAt, ...same }: DivisionRecord): z.input<typeof division> {
  return { ...same, created_at: createdAt.toISOString() };
}
