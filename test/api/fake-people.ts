import type { ApiPorts, Caller, ConversationSummary } from '../../api/ports.ts';
import { ofCaller } from './fake-world.ts';
import type { FakeWorld } from './fake-world.ts';

/** Persons in memory. Which conversation comes to whom is Postgres's business and tested there. */
export function fakePeople(world: FakeWorld): ApiPorts['people'] {
  const stored = <T extends { id: string; organisationId: string }>(items: T[], caller: Caller, id: string) =>
    items.find((item) => item.id === id && item.organisationId === caller.organisationId);
  const shown = <T extends { organisationId: string }>(item: T) => {
    const { organisationId: _, ...rest } = item;
    return rest;
  };
  const areMine = (items: { id: string; organisationId: string }[], caller: Caller, ids: string[] = []) =>
    ids.every((id) => stored(items, caller, id) !== undefined);
  const isTaken = (caller: Caller, slackUserId: string | null = null, self?: string) =>
    slackUserId !== null &&
    ofCaller(world.members, caller).some((known) => known.slackUserId === slackUserId && known.id !== self);
  const take = <T extends { id: string; organisationId: string }>(items: T[], caller: Caller, id: string) => {
    const found = stored(items, caller, id);
    if (found === undefined) return null;
    items.splice(items.indexOf(found), 1);
    return shown(found);
  };
  const presence = (caller: Caller) => {
    const member = caller.memberId === null ? undefined : stored(world.members, caller, caller.memberId);
    return member === undefined ? null : { member, open: 0 };
  };
  const moved = (
    caller: Caller,
    which: (conversation: ConversationSummary) => boolean,
    assignee: string | null,
  ) =>
    world.conversations
      .filter((known) => known.organisationId === caller.organisationId && which(known))
      .map((conversation) => world.assign(conversation, assignee));

  return {
    members: (caller, page) => world.page(ofCaller(world.members, caller), page),
    member: (caller, id) =>
      world.reach(ofCaller(world.members, caller).find((known) => known.id === id) ?? null),
    async createMember(caller, member) {
      await world.reach(null);
      if (!areMine(world.divisions, caller, member.divisions)) return 'unknown_division';
      if (isTaken(caller, member.slackUserId)) return 'slack_user_taken';
      return shown(world.makeMember(caller.organisationId, member));
    },
    async updateMember(caller, id, change) {
      await world.reach(null);
      const member = stored(world.members, caller, id);
      if (member === undefined) return null;
      if (!areMine(world.divisions, caller, change.divisions)) return 'unknown_division';
      if (isTaken(caller, change.slackUserId, id)) return 'slack_user_taken';
      const hasKeys = world.keyRecords.some((key) => key.memberId === id && key.revokedAt === null);
      if (change.role !== undefined && change.role !== member.role && hasKeys) return 'has_keys';
      return shown(Object.assign(member, change));
    },
    async removeMember(caller, id) {
      const removed = await world.reach(take(world.members, caller, id));
      return removed && { removed, requeued: moved(caller, ({ assignee }) => assignee === id, null) };
    },

    divisions: (caller, page) => world.page(ofCaller(world.divisions, caller), page),
    division: (caller, id) =>
      world.reach(ofCaller(world.divisions, caller).find((known) => known.id === id) ?? null),
    async createDivision(caller, { name, members }) {
      await world.reach(null);
      if (ofCaller(world.divisions, caller).some((known) => known.name === name)) return 'name_taken';
      if (!areMine(world.members, caller, members)) return 'unknown_member';
      return shown(world.makeDivision(caller.organisationId, name, members));
    },
    async updateDivision(caller, id, change) {
      await world.reach(null);
      const division = stored(world.divisions, caller, id);
      if (division === undefined) return null;
      if (!areMine(world.members, caller, change.members)) return 'unknown_member';
      const others = ofCaller(world.divisions, caller).filter((known) => known.id !== id);
      if (others.some((known) => known.name === change.name)) return 'name_taken';
      return shown(Object.assign(division, change));
    },
    async removeDivision(caller, id) {
      const removed = await world.reach(take(world.divisions, caller, id));
      return removed && { removed, moved: moved(caller, ({ queue }) => queue?.divisionId === id, null) };
    },

    known(caller, { member, division }) {
      const answers = ofCaller(world.members, caller).filter(({ role }) =>
        ['operator', 'admin'].includes(role),
      );
      const members = answers.map(({ id }) => id).filter((id) => member.includes(id));
      const divisions = ofCaller(world.divisions, caller).map(({ id }) => id);
      return world.reach({ member: members, division: divisions.filter((id) => division.includes(id)) });
    },

    async presence(caller) {
      const found = await world.reach(presence(caller));
      return found && { online: found.member.online, capacity: found.member.capacity, open: found.open };
    },
    async setPresence(caller, { online, capacity }) {
      const found = await world.reach(presence(caller));
      if (found === null) return null;
      Object.assign(found.member, { online, capacity: capacity ?? found.member.capacity });
      const assigned = moved(caller, ({ queue }) => online && queue !== null, found.member.id);
      return { online, capacity: found.member.capacity, open: found.open, assigned };
    },
  };
}
