import { z } from 'zod';
import { ROLES } from '../domain/role.ts';
import type { SessionRecord } from './ports.ts';
import { unknown } from './problem.ts';
import { operation } from './route.ts';
import { byId, id, pageOf, pageQuery, time, timeOrNull, toPage, toPageQuery } from './shapes.ts';

const record = z
  .strictObject({
    id,
    key: z.strictObject({ id, name: z.string() }),
    member_id: id.nullable(),
    role: z.enum(ROLES),
    created_at: time,
    seen_at: time.meta({ description: 'To about a minute' }),
    expires_at: time,
    ended_at: time.nullable().meta({ description: 'Signed out, ended by an admin, or its key was revoked' }),
  })
  .meta({ id: 'SessionRecord' });

export const listSessions = operation({
  summary: 'Who is and was signed in, newest first',
  query: pageQuery,
  status: 200,
  answer: pageOf(record),
  async run({ caller, query }, { sessions }) {
    return toPage(await sessions.list(caller, toPageQuery(query)), toRecord);
  },
});

export const endSession = operation({
  summary: 'Ends a session; every process heeds it within seconds',
  params: byId,
  status: 200,
  answer: record,
  async run({ caller, params }, gateway) {
    const ended = await gateway.sessions.end(caller, params.id, gateway.clock.now());
    if (ended === null) throw unknown('session');
    gateway.lookup.forget();
    return toRecord(ended);
  },
});

function toRecord(session: SessionRecord): z.input<typeof record> {
  return {
    id: session.id,
    key: session.key,
    member_id: session.memberId,
    role: session.role,
    created_at: session.createdAt.toISOString(),
    seen_at: session.seenAt.toISOString(),
    expires_at: session.expiresAt.toISOString(),
    ended_at: timeOrNull(session.endedAt),
  };
}
