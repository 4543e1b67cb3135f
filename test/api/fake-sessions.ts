import { randomUUID } from 'node:crypto';
import type { ApiPorts, Caller, SessionRecord } from '../../api/ports.ts';
import { SESSION_LASTS_MS, standsAt } from '../../domain/session.ts';
import type { FakeWorld } from './fake-world.ts';

type Stored = SessionRecord & { organisationId: string; token: string; csrfToken: string };

/** Sessions in memory, and the look-up of them. */
export function fakeSessions(world: FakeWorld): ApiPorts['sessions'] & Pick<ApiPorts['lookup'], 'session'> {
  const stored: Stored[] = [];
  const mine = (caller: Caller) =>
    stored.filter(({ organisationId }) => organisationId === caller.organisationId);
  const shown = ({ organisationId: _, token: __, csrfToken: ___, ...record }: Stored): SessionRecord =>
    record;
  const keyOf = ({ key }: Stored) => [...world.keys.values()].find(({ keyId }) => keyId === key.id);
  const callerOf = (session: Stored): Caller => ({
    organisationId: session.organisationId,
    keyId: session.key.id,
    memberId: session.memberId,
    role: session.role,
    session,
  });

  return {
    async begin({ organisationId, keyId, memberId, role }, now) {
      await world.reach(null);
      const session: Stored = {
        organisationId,
        id: randomUUID(),
        token: randomUUID(),
        csrfToken: randomUUID(),
        key: { id: keyId, name: role },
        memberId,
        role,
        createdAt: now,
        seenAt: now,
        expiresAt: new Date(now.getTime() + SESSION_LASTS_MS),
        endedAt: null,
      };
      stored.push(session);
      return { token: session.token, caller: callerOf(session) };
    },
    async seen({ session }, now) {
      await world.reach(null);
      const found = stored.find(({ id }) => id === session?.id);
      if (found !== undefined) found.seenAt = now;
    },
    whoIs: ({ organisationId, keyId, memberId, role }) =>
      world.reach({
        organisation: { id: organisationId, name: 'Example' },
        member: memberId === null ? null : { id: memberId, name: 'Olga' },
        key: { id: keyId, name: role },
      }),
    list: (caller, page) => world.page(mine(caller).map(shown), page),
    async end(caller, id, now) {
      const found = await world.reach(mine(caller).find((session) => session.id === id));
      if (found === undefined || (found.role === 'owner' && caller.role !== 'owner')) return null;
      found.endedAt ??= now;
      return shown(found);
    },
    session(token) {
      const found = stored.find((session) => session.token === token);
      const stands = found !== undefined && standsAt(found, world.now) && keyOf(found)?.revoked === false;
      return world.reach(stands ? callerOf(found) : null);
    },
  };
}
