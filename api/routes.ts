import { changeAgent, createAgent, listAgents, readAgent } from './agents.ts';
import { changeChannel, createChannel, listChannels, readChannel } from './channels.ts';
import { postChatMessage } from './chat-message.ts';
import { chatPage } from './chat-page.ts';
import { openChatSession } from './chat-session.ts';
import { chatStream } from './chat-stream.ts';
import { handBack, resolve, takeOver } from './command-conversation.ts';
import { listConversations, readConversation, readMessages, readTurns } from './conversations.ts';
import { docsPage } from './docs-page.ts';
import { healthz, readyz } from './health.ts';
import { createKey, listKeys, revokeKey } from './keys.ts';
import { describeOnce, openApiJson } from './openapi.ts';
import { receiveMessage } from './receive-message.ts';
import { listAudit, listEvents } from './records.ts';
import { route } from './route.ts';
import type { Route } from './route.ts';
import { whatsappHandshake, whatsappWebhook } from './whatsapp-webhook.ts';

const describe = describeOnce(() => routes);

/** The whole surface: what there is, and who may. What is not here does not exist. */
export const routes: readonly Route[] = [
  route('post', '/v1/channels/{channel_integration}/messages', 'gateway', receiveMessage),

  route('get', '/webhooks/whatsapp/{channel_integration}', 'signature', whatsappHandshake),
  route('post', '/webhooks/whatsapp/{channel_integration}', 'signature', whatsappWebhook),

  route('get', '/chat/{channel_integration}', 'anyone', chatPage),
  route('post', '/chat/{channel_integration}/session', 'anyone', openChatSession),
  route('post', '/chat/{channel_integration}/messages', 'visitor', postChatMessage),
  route('get', '/chat/{channel_integration}/stream', 'visitor', chatStream),

  route('get', '/v1/conversations', 'viewer', listConversations),
  route('get', '/v1/conversations/{id}', 'viewer', readConversation),
  route('get', '/v1/conversations/{id}/messages', 'viewer', readMessages),
  route('get', '/v1/conversations/{id}/turns', 'viewer', readTurns),
  route('post', '/v1/conversations/{id}/take-over', 'operator', takeOver),
  route('post', '/v1/conversations/{id}/hand-back', 'operator', handBack),
  route('post', '/v1/conversations/{id}/resolve', 'operator', resolve),

  route('get', '/v1/agents', 'builder', listAgents),
  route('post', '/v1/agents', 'builder', createAgent),
  route('get', '/v1/agents/{id}', 'builder', readAgent),
  route('patch', '/v1/agents/{id}', 'builder', changeAgent),

  route('get', '/v1/channels', 'admin', listChannels),
  route('post', '/v1/channels', 'admin', createChannel),
  route('get', '/v1/channels/{id}', 'admin', readChannel),
  route('patch', '/v1/channels/{id}', 'admin', changeChannel),

  route('get', '/v1/keys', 'admin', listKeys),
  route('post', '/v1/keys', 'admin', createKey),
  route('delete', '/v1/keys/{id}', 'admin', revokeKey),

  route('get', '/v1/events', 'viewer', listEvents),
  route('get', '/v1/audit', 'viewer', listAudit),

  route('get', '/healthz', 'anyone', healthz),
  route('get', '/readyz', 'anyone', readyz),
  route('get', '/openapi.json', 'anyone', openApiJson(describe)),
  route('get', '/docs', 'anyone', docsPage(describe)),
];
