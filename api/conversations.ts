import { z } from 'zod';
import { CHANNEL_KINDS } from '../domain/channel.ts';
import { CONVERSATION_STATUSES } from '../domain/conversation.ts';
import type { Gateway } from './gateway.ts';
import { media, toMedia } from './media.ts';
import type { ConversationSummary, TraceStep, TranscriptMessage } from './ports.ts';
import { unknown } from './problem.ts';
import { operation } from './route.ts';
import { byId, id, pageOf, pageQuery, time, timeOrNull, toPage, toPageQuery } from './shapes.ts';

const summary = z
  .strictObject({
    id,
    status: z.enum(CONVERSATION_STATUSES),
    owner: z.enum(['agent', 'operator']),
    epoch: z.int(),
    agent_id: id,
    channel_integration_id: id,
    channel: z.enum(CHANNEL_KINDS),
    room: z.string(),
    contact: z.strictObject({ id, name: z.string().nullable() }),
    turn: z.int(),
    opened_at: time,
    last_message_at: time.nullable(),
    resolved_at: time.nullable(),
    assignee: id.nullable().meta({ description: 'The member who has it, or the key that took it over' }),
    queue: z.strictObject({ division_id: id.nullable(), since: time }).nullable().meta({
      description: "Where it waits for a person; without a division in the organisation's own queue",
    }),
    tags: z.array(z.string()),
    open_approvals: z
      .array(z.strictObject({ id, request_type: z.string(), expires_at: time }))
      .meta({ description: 'What operators are asked about, the oldest first' }),
    temporal_url: z.url().nullable(),
  })
  .meta({ id: 'Conversation' });

const message = z
  .strictObject({
    id,
    from: z.enum(['customer', 'agent', 'operator', 'system']),
    kind: z.string(),
    text: z.string(),
    provider_message_id: z.string().nullable(),
    state: z.string(),
    turn: z.int().nullable(),
    at: time,
    media: media.optional(),
  })
  .meta({ id: 'Message' });

const step = z
  .strictObject({
    id: z.string(),
    turn: z.int(),
    kind: z.string(),
    model: z.string().nullable(),
    request: z.unknown(),
    response: z.unknown(),
    input_tokens: z.int(),
    output_tokens: z.int(),
    duration_ms: z.number(),
    failure: z.string().nullable(),
    at: time,
  })
  .meta({ id: 'TraceStep' });

const NO_CHANNEL = `must be ${CHANNEL_KINDS.join(', ')} or a channel's id`;

export const listConversations = operation({
  summary: 'Conversations, the one opened last first',
  query: pageQuery.extend({
    status: z.enum(CONVERSATION_STATUSES).optional(),
    agent: id.optional(),
    channel: z
      .union([z.uuid(NO_CHANNEL), z.enum(CHANNEL_KINDS)], NO_CHANNEL)
      .optional()
      .meta({ description: 'A channel integration, or a kind of channel' }),
    assignee: z.string().min(1).max(64).optional(),
  }),
  status: 200,
  answer: pageOf(summary),
  async run({ caller, query }, gateway) {
    const { status, agent, channel, assignee } = query;
    const page = await gateway.readers.conversations(
      caller,
      { status, agent, channel, assignee },
      toPageQuery(query),
    );
    return toPage(page, (conversation) => toSummary(conversation, gateway));
  },
});

export const readConversation = operation({
  summary: 'One conversation as it stands',
  params: byId,
  status: 200,
  answer: summary,
  async run({ caller, params }, gateway) {
    const conversation = await gateway.readers.conversation(caller, params.id);
    if (conversation === null) throw unknown('conversation');
    return toSummary(conversation, gateway);
  },
});

export const readMessages = operation({
  summary: 'The transcript, oldest message first',
  params: byId,
  query: pageQuery,
  status: 200,
  answer: pageOf(message),
  async run({ caller, params, query }, { readers }) {
    const page = await readers.messages(caller, params.id, toPageQuery(query));
    if (page === null) throw unknown('conversation');
    return toPage(page, toMessage);
  },
});

export const readTurns = operation({
  summary: 'The trace: every model call, tool call and external action of every turn',
  params: byId,
  query: pageQuery,
  status: 200,
  answer: pageOf(step),
  async run({ caller, params, query }, { readers }) {
    const page = await readers.turns(caller, params.id, toPageQuery(query));
    if (page === null) throw unknown('conversation');
    return toPage(page, toStep);
  },
});

function toSummary(conversation: ConversationSummary, { options }: Gateway): z.input<typeof summary> {
  const {
    agentId,
    channelIntegrationId,
    openedAt,
    lastMessageAt,
    resolvedAt,
    queue,
    openApprovals,
    ...same
  } = conversation;
  return {
    ...same,
    agent_id: agentId,
    channel_integration_id: channelIntegrationId,
    opened_at: openedAt.toISOString(),
    last_message_at: timeOrNull(lastMessageAt),
    resolved_at: timeOrNull(resolvedAt),
    queue: queue && { division_id: queue.divisionId, since: queue.since.toISOString() },
    open_approvals: openApprovals.map(({ id, requestType, expiresAt }) => ({
      id,
      request_type: requestType,
      expires_at: expiresAt.toISOString(),
    })),
    temporal_url: options.workflowUrl?.(conversation.id) ?? null,
  };
}

function toMessage({
  providerMessageId,
  at,
  media: file,
  ...same
}: TranscriptMessage): z.input<typeof message> {
  return {
    ...same,
    provider_message_id: providerMessageId,
    at: at.toISOString(),
    ...(file && { media: toMedia(file) }),
  };
}

function toStep({ inputTokens, outputTokens, durationMs, at, ...same }: TraceStep): z.input<typeof step> {
  return {
    ...same,
    input_tokens: inputTokens,
    output_tokens: outputTokens,
    duration_ms: durationMs,
    at: at.toISOString(),
  };
}
