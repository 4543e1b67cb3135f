import { slackReceiver } from '../../adapters/channels/slack/receive.ts';
import { whatsappReceiver } from '../../adapters/channels/whatsapp/receive.ts';
import type { ApiPorts, Inbox } from '../../api/ports.ts';
import { describeContent, messageTime } from '../../domain/message.ts';
import { fakeApprovals, fakePresses } from './fake-approvals.ts';
import { fakeExecutions, fakeExternalActions, fakeTrials } from './fake-external-actions.ts';
import { fakeIdempotency, fakeReaders, fileOf, mediaOf } from './fake-records.ts';
import { fakeConnections, fakeInstallation } from './fake-installation.ts';
import { FakeLive } from './fake-live.ts';
import { fakeProactive } from './fake-proactive.ts';
import { fakePeople } from './fake-people.ts';
import { fakeSessions } from './fake-sessions.ts';
import { fakeSettings } from './fake-settings.ts';
import { FakeWorld } from './fake-world.ts';
import type { FakeOrganisation } from './fake-world.ts';

export interface Fakes {
  ports: ApiPorts;
  world: FakeWorld;
  live: FakeLive;
  here: FakeOrganisation;
  there: FakeOrganisation;
}

/** Every port of the gateway in memory, with two organisations. Only how webhooks are read is the real thing. */
export function createFakes(): Fakes {
  const world = new FakeWorld();
  const live = new FakeLive(world);
  const sessions = fakeSessions(world);
  const ports: ApiPorts = {
    clock: { now: () => world.now },
    lookup: {
      apiKey(key) {
        world.keyLookups += 1;
        const { revoked, ...caller } = world.keys.get(key) ?? { revoked: true };
        return world.reach(revoked || !('keyId' in caller) ? null : caller);
      },
      refusedKey(key) {
        const known = world.keys.get(key);
        const refused = known?.revoked ? { ...known, reason: 'revoked' as const } : null;
        return world.reach(refused);
      },
      session: sessions.session,
      channelIntegration: (id) => world.reach(world.integrations.get(id) ?? null),
    },
    inbox: fakeInbox(world),
    conversations: {
      signalSoon: (signal) => void world.signals.push(signal),
      decidedSoon: (actionId) => void world.decided.push(actionId),
      reachable: () => Promise.resolve(world.temporal),
    },
    readers: fakeReaders(world),
    sessions,
    settings: fakeSettings(world),
    installation: fakeInstallation(world),
    people: fakePeople(world),
    connections: fakeConnections(world),
    approvals: fakeApprovals(world),
    proactive: fakeProactive(world),
    externalActions: fakeExternalActions(world),
    executions: fakeExecutions(world),
    trials: fakeTrials(world),
    audit: {
      async refused(entry) {
        await world.reach(null);
        world.refused.push(entry);
      },
    },
    idempotency: fakeIdempotency(world),
    chat: {
      after: (_integration, room, position) =>
        world.reach((world.lines.get(room) ?? []).filter((line) => line.position > position)),
      watch(_integration, room, changed) {
        const watching = world.watchers.get(room) ?? new Set();
        watching.add(changed);
        world.watchers.set(room, watching);
        return () => void watching.delete(changed);
      },
      file: (integration, room, messageId) =>
        world.reach(
          fileOf(
            world.stored.find(
              (row) =>
                row.id === messageId && row.integration === integration.id && row.message.room === room,
            ),
          ),
        ),
    },
    live,
    receivers: { whatsapp: whatsappReceiver, slack: slackReceiver },
    echoes: {
      async heard(_integration, echoes) {
        await world.reach(null);
        world.echoes.push(...echoes);
      },
    },
    presses: fakePresses(world),
    asides: {
      tell(replyTo, text) {
        world.asides.push({ replyTo, text });
        return Promise.resolve(true);
      },
      replace(replyTo, text) {
        world.asides.push({ replyTo, text, replaces: true });
        return Promise.resolve(true);
      },
    },
    health: { postgres: () => Promise.resolve(world.away ? 'no answer' : null) },
  };
  return { ports, world, live, here: world.makeOrganisation(), there: world.makeOrganisation() };
}

function fakeInbox(world: FakeWorld): Inbox {
  return {
    async receive(integration, message, receivedAt, file) {
      await world.reach(null);
      world.beforeReceive(message);
      const { providerMessageId } = message;
      const before = world.stored.find(
        (row) => row.integration === integration.id && row.message.providerMessageId === providerMessageId,
      );
      if (before !== undefined)
        return { messageId: before.id, conversationId: before.conversation, duplicate: true, signal: null };
      const room = message.room ?? message.customer.ids[0] ?? '';
      const conversation =
        world.conversations.find(
          (known) => known.channelIntegrationId === integration.id && known.room === room,
        ) ?? world.openConversation(integration, room, message.customer.name ?? null);
      const signal = world.signalFor(conversation, 'message');
      world.stored.push({
        integration: integration.id,
        organisation: integration.organisationId,
        conversation: conversation.id,
        id: signal.row.id,
        message,
        at: messageTime(message.sentAt, receivedAt),
        ...(file && { file }),
      });
      world.say(room, 'customer', describeContent(message.content), signal.row.id);
      const line = world.lines.get(room)?.at(-1);
      if (line !== undefined && file !== undefined)
        line.media = mediaOf(message.content, signal.row.id, file);
      return { messageId: signal.row.id, conversationId: conversation.id, duplicate: false, signal };
    },
    async applyStatuses(_integration, statuses) {
      await world.reach(null);
      world.statuses.push(...statuses);
      return [];
    },
    async replyFromApp(_integration, reply) {
      await world.reach(null);
      world.repliesFromApp.push(reply);
      return [];
    },
    async replyOfMember(_integration, message) {
      await world.reach(null);
      if (!message.customer.ids.some((id) => world.slackMembers.has(id))) return null;
      world.repliesFromApp.push(message);
      return [];
    },
    async command(caller, conversationId, command) {
      await world.reach(null);
      const conversation = world.conversations.find(({ id }) => id === conversationId);
      if (conversation?.organisationId !== caller.organisationId) return { kind: 'unknown' };
      const owner = command === 'take_over' ? 'operator' : 'agent';
      const already = command !== 'resolve' && conversation.owner === owner;
      if (conversation.status === 'resolved' || already)
        return { kind: 'lost', owner: conversation.owner, status: conversation.status };
      conversation.owner = owner;
      conversation.epoch += 1;
      conversation.status = command === 'resolve' ? 'resolved' : owner === 'operator' ? 'assigned' : 'active';
      const { epoch, status } = conversation;
      return {
        kind: 'done',
        owner,
        epoch,
        status,
        inFlight: [],
        signal: world.signalFor(conversation, command),
      };
    },
    async reply(caller, conversationId) {
      await world.reach(null);
      const conversation = world.conversations.find(({ id }) => id === conversationId);
      if (conversation?.organisationId !== caller.organisationId) return { kind: 'unknown' };
      const { owner, status, epoch } = conversation;
      if (status === 'resolved' || owner !== 'operator') return { kind: 'lost', owner, status };
      const signal = world.signalFor(conversation, 'reply');
      return { kind: 'done', messageId: signal.row.id, epoch, signal };
    },
    async assign(caller, conversationId, to) {
      await world.reach(null);
      const isMine = ({ organisationId }: { organisationId: string }) =>
        organisationId === caller.organisationId;
      const conversation = world.conversations.filter(isMine).find(({ id }) => id === conversationId);
      if (conversation === undefined) return { kind: 'unknown' };
      if (conversation.status === 'resolved') return { kind: 'resolved', owner: conversation.owner };
      const knows = (known: { id: string; organisationId: string }[], id: string) =>
        known.filter(isMine).some((one) => one.id === id);
      if (to.type === 'division' && !knows(world.divisions, to.divisionId))
        return { kind: 'refused', code: 'division_not_found' };
      if (to.type === 'agent' && !knows(world.members, to.operatorId))
        return { kind: 'refused', code: 'operator_not_found' };
      const assignee = to.type === 'agent' ? to.operatorId : null;
      const signal = world.assign(conversation, assignee);
      return { kind: 'done', epoch: conversation.epoch, assignee, queue: conversation.queue, signal };
    },
  };
}
