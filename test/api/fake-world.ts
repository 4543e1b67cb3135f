import { randomUUID } from 'node:crypto';
import type {
  AgentRecord,
  ApiPorts,
  ApprovalRecord,
  Caller,
  ChatLine,
  ConnectionRecord,
  ConversationSummary,
  DivisionRecord,
  Echo,
  Execution,
  ExternalActionRecord,
  KeyRecord,
  MemberRecord,
  NewMember,
  OutgoingSignal,
  Page,
  PageQuery,
  ReceivingIntegration,
} from '../../api/ports.ts';
import type { TrialInput } from '../../contract/trial.ts';
import type { RowKind } from '../../contract/rows.ts';
import { ParleyFailure } from '../../contract/failures.ts';
import { completeAgentSettings } from '../../domain/agent.ts';
import type { ChannelKind } from '../../domain/channel.ts';
import type { DeliveryStatus } from '../../domain/delivery.ts';
import type { InboundMessage } from '../../domain/message.ts';
import { ROLES } from '../../domain/role.ts';
import type { Role } from '../../domain/role.ts';
import type { StoredMessage } from './stored-message.ts';
import { makeApproval } from './fake-approvals.ts';
import { anyAction, makeExecution, makeExternalAction } from './fake-external-actions.ts';

export interface FakeOrganisation {
  id: string;
  keys: Record<Role, string>;
  /** The id of the gateway's key. */
  gatewayKeyId: string;
  agent: string;
  channels: { generic: string; webchat: string; whatsapp: string; slack: string };
  conversation: string;
  member: string;
  division: string;
  externalAction: string;
  execution: string;
  approval: string;
}

export const APP_SECRET = 'an-app-secret';
export const VERIFY_TOKEN = 'a-verify-token';
export const SLACK_SECRET = 'a-signing-secret';

type Owned<T> = T & { organisationId: string };

/** What the fakes remember, open for tests to look into and to upset. */
export class FakeWorld {
  now = new Date('2026-11-21T10:00:00Z');
  /** The store cannot be reached. */
  away = false;
  temporal = true;
  readonly stored: StoredMessage[] = [];
  readonly statuses: DeliveryStatus[] = [];
  readonly repliesFromApp: InboundMessage[] = [];
  /** Members, as Slack knows them, who answer in other people's threads. */
  readonly slackMembers = new Set<string>();
  readonly signals: OutgoingSignal[] = [];
  /** Actions whose workflows were told that they are decided. */
  readonly decided: string[] = [];
  readonly echoes: Echo[] = [];
  readonly asides: { replyTo: string; text: string; replaces?: true }[] = [];
  readonly refused: Parameters<ApiPorts['audit']['refused']>[0][] = [];
  /** Called before a row is stored; may throw. */
  beforeReceive: (message: InboundMessage) => void = () => undefined;
  keyLookups = 0;

  readonly keys = new Map<string, Caller & { revoked: boolean }>();
  readonly keyRecords: Owned<KeyRecord>[] = [];
  readonly agents: Owned<AgentRecord>[] = [];
  readonly integrations = new Map<string, ReceivingIntegration & { name: string }>();
  readonly members: Owned<MemberRecord>[] = [];
  readonly divisions: Owned<DivisionRecord>[] = [];
  readonly connections: Owned<ConnectionRecord>[] = [];
  readonly externalActions: Owned<ExternalActionRecord & { secrets: Record<string, string> }>[] = [];
  readonly executions: Owned<Execution>[] = [];
  readonly approvals: Owned<ApprovalRecord>[] = [];
  readonly trials: { input: TrialInput; patienceMs: number }[] = [];
  /** What becomes of the row of a trial. */
  runTrial: (row: Execution, input: TrialInput) => 'ended' | 'running' = (row, { live }) => {
    row.state = live ? 'succeeded' : 'cancelled';
    return 'ended';
  };
  readonly conversations: Owned<ConversationSummary>[] = [];
  readonly lines = new Map<string, ChatLine[]>();
  readonly watchers = new Map<string, Set<() => void>>();

  advance(ms: number): void {
    this.now = new Date(this.now.getTime() + ms);
  }

  /** The value, if the store can be reached. */
  reach<T>(value: T): Promise<T> {
    return this.away ? Promise.reject(new ParleyFailure('STORE_UNAVAILABLE')) : Promise.resolve(value);
  }

  page<T>(items: readonly T[], { limit, cursor }: PageQuery): Promise<Page<T>> {
    const from = cursor === null ? 0 : Number(cursor);
    const nextCursor = from + limit < items.length ? String(from + limit) : null;
    return this.reach({ data: items.slice(from, from + limit), nextCursor });
  }

  say(room: string, from: ChatLine['from'], text: string, id: string = randomUUID()): void {
    const said = this.lines.get(room) ?? [];
    said.push({ position: said.length + 1, id, from, kind: 'reply', text, at: this.now });
    this.lines.set(room, said);
    this.watchers.get(room)?.forEach((changed) => changed());
  }

  signalFor(conversation: Owned<ConversationSummary>, kind: RowKind): OutgoingSignal {
    const { epoch, organisationId, agentId, channelIntegrationId, channel } = conversation;
    return {
      ref: { organisationId, conversationId: conversation.id },
      row: { id: randomUUID(), kind, seq: this.stored.length, epoch, at: this.now.getTime() },
      agentId,
      channelIntegrationId,
      channel,
    };
  }

  assign(conversation: Owned<ConversationSummary>, assignee: string | null): OutgoingSignal {
    const queue = assignee === null ? { divisionId: null, since: this.now } : null;
    const status = queue === null ? 'assigned' : 'escalated';
    Object.assign(conversation, { owner: 'operator', status, assignee, queue });
    conversation.epoch += 1;
    return this.signalFor(conversation, 'assign');
  }

  openConversation(integration: ReceivingIntegration, room: string, name: string | null) {
    const conversation: Owned<ConversationSummary> = {
      organisationId: integration.organisationId,
      id: randomUUID(),
      status: 'active',
      owner: 'agent',
      epoch: 1,
      agentId: integration.agentId,
      channelIntegrationId: integration.id,
      channel: integration.kind,
      room,
      contact: { id: randomUUID(), name },
      turn: 0,
      openedAt: this.now,
      lastMessageAt: null,
      resolvedAt: null,
      assignee: null,
      queue: null,
      tags: [],
      openApprovals: [],
    };
    this.conversations.push(conversation);
    return conversation;
  }

  makeOrganisation(): FakeOrganisation {
    const organisationId = randomUUID();
    const keys = Object.fromEntries(
      ROLES.map((role) => [role, this.makeKey(organisationId, role, role).key]),
    ) as Record<Role, string>;
    const agent = this.makeAgent(organisationId, 'Example', {}).id;
    const make = (kind: ChannelKind, settings: Record<string, string>, secrets: Record<string, string>) =>
      this.makeIntegration({ organisationId, agentId: agent, name: kind, kind, settings, secrets });
    const generic = make('generic', { reply_url: 'https://example.com' }, { signing_secret: 'whsec_x' });
    const webchat = make('webchat', { title: 'Help' }, { session_secret: `of-${organisationId}` });
    const action = makeExternalAction(this, organisationId, anyAction(generic.id)).id;
    const whatsapp = make(
      'whatsapp',
      { phone_number_id: '123456123' },
      { app_secret: APP_SECRET, verify_token: VERIFY_TOKEN, access_token: 't' },
    );
    const slack = make('slack', {}, { signing_secret: SLACK_SECRET, bot_token: 'xoxb-t' });
    const conversationId = this.openConversation(generic, 'a-room', 'Ann').id;
    return {
      id: organisationId,
      keys,
      gatewayKeyId: this.keys.get(keys.gateway)?.keyId ?? '',
      agent,
      channels: { generic: generic.id, webchat: webchat.id, whatsapp: whatsapp.id, slack: slack.id },
      conversation: conversationId,
      member: this.makeMember(organisationId, { name: 'Olga', role: 'operator' }).id,
      division: this.makeDivision(organisationId, 'Sales').id,
      externalAction: action,
      execution: makeExecution(this, organisationId, action, {}).id,
      approval: makeApproval(this, organisationId, { agentId: agent, conversationId }).id,
    };
  }

  makeKey(organisationId: string, name: string, role: Role, memberId: string | null = null) {
    const record = { id: randomUUID(), name, role, memberId, createdAt: this.now, revokedAt: null };
    const key = `prl_${role}_${randomUUID()}`;
    this.keys.set(key, { organisationId, keyId: record.id, memberId, role, revoked: false });
    this.keyRecords.push({ ...record, organisationId });
    return { ...record, key };
  }

  makeMember(organisationId: string, { name, role, ...given }: NewMember) {
    const { capacity = 10, divisions = [], slackUserId = null } = given;
    const more = { capacity, divisions, slackUserId, online: false, createdAt: this.now };
    const record = { organisationId, id: randomUUID(), name, role, ...more };
    this.members.push(record);
    return record;
  }

  makeDivision(organisationId: string, name: string, members: string[] = []) {
    const record = { organisationId, id: randomUUID(), name, members, waiting: 0, createdAt: this.now };
    this.divisions.push(record);
    return record;
  }

  makeAgent(organisationId: string, name: string, settings: Partial<AgentRecord['settings']>): AgentRecord {
    const record = {
      id: randomUUID(),
      name,
      version: 1,
      settings: completeAgentSettings(settings),
      createdAt: this.now,
      updatedAt: this.now,
    };
    this.agents.push({ ...record, organisationId });
    return record;
  }

  makeIntegration(integration: Omit<ReceivingIntegration, 'id' | 'active'> & { name: string }) {
    const made = { ...integration, id: randomUUID(), active: true };
    this.integrations.set(made.id, made);
    return made;
  }
}

/** The items of the caller's organisation, without saying so. */
export function ofCaller<T extends { organisationId: string }>(
  items: Iterable<T>,
  caller: Pick<Caller, 'organisationId'>,
): Omit<T, 'organisationId'>[] {
  return [...items]
    .filter((item) => item.organisationId === caller.organisationId)
    .map(({ organisationId: _, ...rest }) => rest);
}
