import { z } from 'zod';
import { ROLES, roleAllows } from '../domain/role.ts';
import type { KeyRecord, NewKey } from './ports.ts';
import { Problem, unknown } from './problem.ts';
import { operation } from './route.ts';
import {
  byId,
  id,
  pageOf,
  pageQuery,
  readable,
  time,
  timeOrNull,
  toPage,
  toPageQuery,
  words,
} from './shapes.ts';

const key = z
  .strictObject({
    id,
    name: z.string(),
    role: z.enum(ROLES),
    member_id: id.nullable().meta({ description: "Whose key it is; null for a program's" }),
    created_at: time,
    revoked_at: time.nullable(),
  })
  .meta({ id: 'ApiKey' });

export const listKeys = operation({
  summary: 'The API keys of the organisation, without the keys themselves',
  query: pageQuery,
  status: 200,
  answer: pageOf(key),
  async run({ caller, query }, gateway) {
    return toPage(await gateway.settings.keys(caller, toPageQuery(query)), toKey);
  },
});

export const createKey = operation({
  summary: 'Makes an API key; it is shown this once',
  body: z.strictObject({ name: readable(words(255)), role: z.enum(ROLES), member_id: id.optional() }),
  status: 201,
  answer: key.extend({ key: z.string() }).meta({ id: 'NewApiKey' }),
  secretAnswer: true,
  async run({ caller, body }, gateway) {
    // The gateway's role is beside the others; all the rest only as far as one's own reaches (TEN-2).
    if (body.role !== 'gateway' && !roleAllows(caller.role, body.role))
      throw new Problem(403, `The role ${caller.role} may not hand out the role ${body.role}.`);
    const { name, role, member_id: memberId } = body;
    const made =
      memberId === undefined
        ? await gateway.settings.createKey(caller, { name, role })
        : ofMember(await gateway.settings.createMemberKey(caller, { name, role, memberId }));
    return { ...toKey(made), key: made.key };
  },
});

export const revokeKey = operation({
  summary: 'Revokes an API key; every process heeds it within seconds',
  params: byId,
  status: 200,
  answer: key,
  also: [409],
  async run({ caller, params }, gateway) {
    const revoked = await gateway.settings.revokeKey(caller, params.id);
    if (revoked === null) throw unknown('API key');
    if (revoked === 'last_admin')
      throw new Problem(409, 'This is the last admin key of the organisation: make another one first.');
    gateway.lookup.forget();
    return toKey(revoked);
  },
});

function ofMember(made: NewKey | 'unknown_member' | 'other_role'): NewKey {
  if (typeof made === 'object') return made;
  const wrong =
    made === 'unknown_member'
      ? { field: 'member_id', message: 'names a member who does not exist' }
      : { field: 'role', message: "is not the member's own" };
  throw new Problem(422, 'Some fields are not valid.', { errors: [wrong] });
}

function toKey({ id, name, role, memberId, createdAt, revokedAt }: KeyRecord): z.input<typeof key> {
  return {
    id,
    name,
    role,
    member_id: memberId,
    created_at: createdAt.toISOString(),
    revoked_at: timeOrNull(revokedAt),
  };
}
