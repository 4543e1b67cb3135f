import type { ApiPorts, ChannelRecord, NewChannel, ReceivingIntegration } from '../../api/ports.ts';
import { completeAgentSettings } from '../../domain/agent.ts';
import { ofCaller } from './fake-world.ts';
import type { FakeWorld } from './fake-world.ts';

export function fakeSettings(world: FakeWorld): ApiPorts['settings'] {
  const toRecord = (
    integration: Omit<ReceivingIntegration, 'organisationId'> &
      Pick<NewChannel, 'answeredBy' | 'defaultIdleRule'> & { name: string },
  ): ChannelRecord => {
    const { secrets, answeredBy = 'agent', defaultIdleRule = null, ...rest } = integration;
    return { ...rest, answeredBy, defaultIdleRule, secretsSet: Object.keys(secrets), createdAt: world.now };
  };
  const hasAgent = (caller: Parameters<typeof ofCaller>[1], agentId: string) =>
    ofCaller(world.agents, caller).some(({ id }) => id === agentId);

  return {
    agents: (caller, page) => world.page(ofCaller(world.agents, caller), page),
    agent: (caller, id) =>
      world.reach(ofCaller(world.agents, caller).find((agent) => agent.id === id) ?? null),
    async createAgent(caller, { name, settings }) {
      await world.reach(null);
      return world.makeAgent(caller.organisationId, name, completeAgentSettings(settings));
    },
    async updateAgent(caller, id, change) {
      await world.reach(null);
      if (!hasAgent(caller, id)) return null;
      const agent = world.agents.find((known) => known.id === id);
      if (agent === undefined) return null;
      agent.name = change.name ?? agent.name;
      agent.version += 1;
      agent.settings = completeAgentSettings({ ...agent.settings, ...change.settings });
      for (const setting of change.cleared ?? []) delete agent.settings[setting];
      return agent;
    },

    channels: (caller, page) => world.page(ofCaller(world.integrations.values(), caller).map(toRecord), page),
    channel(caller, id) {
      const found = ofCaller(world.integrations.values(), caller).find((known) => known.id === id);
      return world.reach(found === undefined ? null : toRecord(found));
    },
    async createChannel(caller, channel) {
      await world.reach(null);
      if (!hasAgent(caller, channel.agentId)) return null;
      const { organisationId } = caller;
      const { organisationId: _, ...made } = world.makeIntegration({ ...channel, organisationId });
      return toRecord(made);
    },
    async updateChannel(caller, id, change) {
      await world.reach(null);
      const found = world.integrations.get(id);
      if (found?.organisationId !== caller.organisationId) return null;
      if (change.agentId !== undefined && !hasAgent(caller, change.agentId)) return null;
      const settings = { ...found.settings, ...change.settings };
      const after = { ...found, ...change, settings, secrets: { ...found.secrets, ...change.secrets } };
      world.integrations.set(id, after);
      const { organisationId: _, ...rest } = after;
      return toRecord(rest);
    },

    keys: (caller, page) => world.page(ofCaller(world.keyRecords, caller), page),
    async createKey(caller, { name, role }) {
      await world.reach(null);
      return world.makeKey(caller.organisationId, name, role);
    },
    async createMemberKey({ organisationId }, { name, role, memberId }) {
      await world.reach(null);
      const member = ofCaller(world.members, { organisationId }).find(({ id }) => id === memberId);
      if (member === undefined) return 'unknown_member';
      return member.role === role ? world.makeKey(organisationId, name, role, memberId) : 'other_role';
    },
    async revokeKey(caller, id) {
      await world.reach(null);
      const record = world.keyRecords.find((known) => known.id === id);
      if (record?.organisationId !== caller.organisationId) return null;
      const admins = ofCaller(world.keyRecords, caller).filter(
        (key) => key.role === 'admin' && key.revokedAt === null,
      );
      if (admins.length === 1 && admins[0]?.id === id) return 'last_admin';
      record.revokedAt = world.now;
      for (const key of world.keys.values()) if (key.keyId === id) key.revoked = true;
      const { organisationId: _, ...rest } = record;
      return rest;
    },
  };
}
