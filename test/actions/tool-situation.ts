import type { ApprovalRequest } from '../../domain/approval-request.ts';
import type { Json } from '../../domain/external-action.ts';
import type { AgentTool, NodeType } from '../../domain/tool.ts';
import { toolOf } from '../../activities/tools/index.ts';
import type { Attempt, Resolved, Situation, ToolFailure, ToolPorts } from '../../activities/tools/tool.ts';
import type {
  Call,
  CallContext,
  CrmAnswer,
  CrmRequest,
  RequestOutcome,
  RoomOutcome,
  Rooms,
  WebhookAnswer,
  WebhookRequest,
} from '../../activities/ports.ts';

export const KEY = '0b9d8a1e-0000-4000-8000-000000000001:3:1';

export function added(nodeType: NodeType, fields: Record<string, unknown>): AgentTool {
  return { nodeType, fields, requiresConfirmation: false };
}

export function contextWith(more: Partial<CallContext> = {}): CallContext {
  return {
    conversationId: '0b9d8a1e-0000-4000-8000-000000000001',
    channel: 'whatsapp',
    channelIntegrationId: '0b9d8a1e-0000-4000-8000-000000000002',
    agentId: '0b9d8a1e-0000-4000-8000-000000000003',
    contact: { id: 'c', name: 'Budi', phone: '+6281234567890' },
    turn: 3,
    epoch: 1,
    ownRecords: { deals: [], tickets: [] },
    ...more,
  };
}

export function situationWith(
  more: Partial<CallContext> = {},
  placeholders: Record<string, Json> = {},
): Situation {
  const context = contextWith(more);
  const { contact, channel, conversationId } = context;
  return {
    context,
    placeholders: {
      phone_number: contact.phone,
      message_text: 'please',
      timestamp: '2026-11-21T08:00:00.000Z',
      conversation_id: conversationId,
      customer_name: contact.name,
      channel,
      ...placeholders,
    },
  };
}

/** What a tool makes of a builder's fields and the model's arguments. */
export function resolve(
  nodeType: NodeType,
  fields: Record<string, unknown>,
  proposed: unknown = {},
  situation: Situation = situationWith(),
): Resolved {
  return toolOf(nodeType).resolve(added(nodeType, fields), proposed, situation);
}

/** As `resolve`, of what must not be refused. */
export function ready(...of: Parameters<typeof resolve>): Json {
  const resolved = resolve(...of);
  if (resolved.kind === 'refused') throw new Error(`refused: ${resolved.code}: ${resolved.message}`);
  return resolved.arguments;
}

/** The code of a refusal; null: it was not refused. */
export function refusal(...of: Parameters<typeof resolve>): string | null {
  const resolved = resolve(...of);
  return resolved.kind === 'refused' ? resolved.code : null;
}

export function attemptWith(
  resolved: Json,
  more: {
    context?: CallContext;
    repeat?: boolean;
    reliability?: Call['reliability'];
    call?: Partial<Call>;
  } = {},
): Attempt {
  const call: Call = {
    id: '0b9d8a1e-0000-4000-8000-00000000000a',
    organisationId: 'org',
    conversationId: '0b9d8a1e-0000-4000-8000-000000000001',
    origin: 'conversation',
    turn: 3,
    round: 0,
    step: 1,
    idempotencyKey: KEY,
    state: 'calling',
    attempts: more.repeat === true ? 2 : 1,
    plannedAt: new Date(),
    durationMs: null,
    statusCode: null,
    response: null,
    tool: 'tool',
    externalAction: null,
    proposal: null,
    arguments: resolved,
    digest: 'd',
    reliability: more.reliability ?? 'lookup',
    reason: null,
    result: null,
    confidence: null,
    message: 'please',
    missing: [],
    ...more.call,
  };
  return {
    call,
    context: more.context ?? contextWith(),
    repeat: more.repeat ?? false,
    signal: new AbortController().signal,
    timeoutMs: 5_000,
  };
}

/** Ports that answer as told and remember what they were asked. Unanswered requests are a mistake of the test. */
export function fakePorts(
  answers: {
    crm?: CrmAnswer[];
    room?: RoomOutcome;
    webhook?: WebhookAnswer;
    filed?: () => RequestOutcome;
  } = {},
) {
  const crm: CrmRequest[] = [];
  const rooms: unknown[] = [];
  const webhooks: WebhookRequest[] = [];
  const requests: ApprovalRequest[] = [];
  const failures: ToolFailure[] = [];
  const left = [...(answers.crm ?? [])];
  const room = (of: unknown): Promise<RoomOutcome> => {
    rooms.push(of);
    if (answers.room === undefined) throw new Error('no room was expected to change');
    return Promise.resolve(answers.room);
  };
  const roomPort: Rooms = {
    assign: (_ref, assignment) => room(assignment),
    resolve: (_ref, closing) => room(closing),
    tag: (_ref, tags) => room(tags),
  };
  const ports: ToolPorts = {
    crm: {
      isConnected: () => Promise.resolve(true),
      request: (_organisation, request) => {
        crm.push(request);
        const answer = left.shift();
        if (answer === undefined) throw new Error(`nothing answers ${request.method} ${request.path}`);
        return Promise.resolve(answer);
      },
    },
    rooms: roomPort,
    webhooks: {
      call: (request) => {
        webhooks.push(request);
        if (answers.webhook === undefined) throw new Error('no request was expected');
        return Promise.resolve(answers.webhook);
      },
    },
    approvals: {
      request: async (_ref, request) => {
        requests.push(request);
        if (answers.filed === undefined) throw new Error('no request to an operator was expected');
        return answers.filed();
      },
      conclude: () => Promise.resolve(null),
      decided: () => Promise.resolve(null),
      withdraw: () => Promise.resolve([]),
      reminder: () => Promise.resolve(null),
      noteReminder: () => Promise.resolve(),
    },
    clock: { now: () => new Date() },
    failures: { record: (failure) => void failures.push(failure) },
  };
  return { ports, crm, rooms, webhooks, requests, failures };
}
