import { z } from 'zod';
import { MEMBER_ROLES } from '../domain/role.ts';
import type { MemberRecord } from './ports.ts';
import { Problem, unknown } from './problem.ts';
import { operation } from './route.ts';
import { byId, id, pageOf, pageQuery, readable, time, toPage, toPageQuery, words } from './shapes.ts';

export const capacity = z
  .int()
  .min(0)
  .max(1000)
  .meta({ description: 'How many conversations the member takes at once' });

const slackUser = z
  .string()
  .regex(/^[UW][A-Z0-9]{2,30}$/, 'is not the id of a user of Slack')
  .nullable()
  .meta({ description: "The user of the organisation's Slack whose presses of buttons are this person's" });

const member = z
  .strictObject({
    id,
    name: z.string(),
    role: z.enum(MEMBER_ROLES),
    capacity,
    online: z.boolean(),
    slack_user_id: slackUser,
    divisions: z.array(id),
    created_at: time,
  })
  .meta({ id: 'Member' });

const change = z
  .strictObject({
    name: readable(words(255)),
    role: z.enum(MEMBER_ROLES),
    capacity,
    slack_user_id: slackUser,
    divisions: z.array(id).max(100),
  })
  .partial();

export const listMembers = operation({
  summary: 'The persons of the organisation',
  query: pageQuery,
  status: 200,
  answer: pageOf(member),
  async run({ caller, query }, { people }) {
    return toPage(await people.members(caller, toPageQuery(query)), toMember);
  },
});

export const readMember = operation({
  summary: 'One person',
  params: byId,
  status: 200,
  answer: member,
  async run({ caller, params }, { people }) {
    return toMember(found(await people.member(caller, params.id)));
  },
});

export const createMember = operation({
  summary: 'Adds a person, offline at first',
  body: change.required({ name: true, role: true }),
  status: 201,
  answer: member,
  async run({ caller, body }, { people }) {
    return toMember(possible(await people.createMember(caller, toChange(body))));
  },
});

export const changeMember = operation({
  summary: "Changes what is named; a role only where the person's keys are revoked",
  params: byId,
  body: change,
  status: 200,
  answer: member,
  also: [409],
  async run({ caller, params, body }, { people }) {
    const changed = await people.updateMember(caller, params.id, toChange(body));
    if (changed === 'has_keys')
      throw new Problem(409, 'The member has keys of the role held now: revoke them first.');
    return toMember(found(possible(changed)));
  },
});

export const removeMember = operation({
  summary: 'Removes a person: their keys are revoked, and their conversations wait in a queue again',
  params: byId,
  status: 200,
  answer: member,
  also: [409],
  async run({ caller, params }, gateway) {
    const removal = await gateway.people.removeMember(caller, params.id);
    if (removal === 'last_admin')
      throw new Problem(
        409,
        'The member has the last admin key of the organisation: make another one first.',
      );
    gateway.lookup.forget();
    const { removed, requeued } = found(removal);
    for (const signal of requeued) gateway.conversations.signalSoon(signal);
    return toMember(removed);
  },
});

function found<T>(record: T | null): T {
  if (record === null) throw unknown('member');
  return record;
}

function possible<T>(answer: T | 'unknown_division' | 'slack_user_taken'): T {
  if (answer !== 'unknown_division' && answer !== 'slack_user_taken') return answer;
  const wrong =
    answer === 'unknown_division'
      ? { field: 'divisions', message: 'names a division that does not exist' }
      : { field: 'slack_user_id', message: "is another member's" };
  throw new Problem(422, 'Some fields are not valid.', { errors: [wrong] });
}

function toChange<Body extends Partial<z.output<typeof change>>>({ slack_user_id, ...same }: Body) {
  return { ...same, ...(slack_user_id === undefined ? {} : { slackUserId: slack_user_id }) };
}

function toMember({ createdAt, slackUserId, ...same }: MemberRecord): z.input<typeof member> {
  return { ...same, slack_user_id: slackUserId, created_at: createdAt.toISOString() };
}
