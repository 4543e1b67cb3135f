import { changeAgent, createAgent, listAgents, readAgent } from './agents.ts';
import { cancelApproval, changeApproval, decideApproval, listApprovals, readApproval } from './approvals.ts';
import { assign } from './assign-conversation.ts';
import { changeChannel, createChannel, listChannels, readChannel } from './channels.ts';
import { postChatMessage } from './chat-message.ts';
import { postChatFile, readChatFile } from './chat-file.ts';
import { chatPage } from './chat-page.ts';
import { openChatSession } from './chat-session.ts';
import { chatStream } from './chat-stream.ts';
import { handBack, resolve, takeOver } from './command-conversation.ts';
import { listConnections, removeConnection, saveConnection } from './connections.ts';
import { listConversations, readConversation, readMessages, readTurns } from './conversations.ts';
import { changeDivision, createDivision, listDivisions, readDivision, removeDivision } from './divisions.ts';
import { docsPage } from './docs-page.ts';
import { readFlags, setFlags } from './feature-flags.ts';
import { listExecutions, readExecution } from './external-action-executions.ts';
import { listExternalActionTemplates } from './external-action-templates.ts';
import { replayExecution, testExternalAction } from './external-action-trials.ts';
import {
  changeExternalAction,
  createExternalAction,
  deleteExternalAction,
  duplicateExternalAction,
  listExternalActions,
  readExternalAction,
  toggleExternalAction,
} from './external-actions.ts';
import { healthz, readyz } from './health.ts';
import {
  createOrganisation,
  listComponents,
  listOrganisations,
  subscribe,
  unsubscribe,
} from './installation-organisations.ts';
import { listNodeTypes, readNodeType, readSystemFlags, setNodeType, setSystemFlags } from './installation.ts';
import { createKey, listKeys, revokeKey } from './keys.ts';
import { live } from './live.ts';
import { readMedia } from './media.ts';
import { changeMember, createMember, listMembers, readMember, removeMember } from './members.ts';
import { describeOnce, openApiJson } from './openapi.ts';
import { readPresence, setPresence } from './presence.ts';
import { readProactive, resumeProactive, setProactiveLimit } from './proactive.ts';
import { receiveMessage } from './receive-message.ts';
import { listAudit, listEvents } from './records.ts';
import { reply } from './reply.ts';
import { route, streamRoute } from './route.ts';
import type { Route } from './route.ts';
import { readSession, signIn, signOut } from './session.ts';
import { endSession, listSessions } from './sessions.ts';
import { slackEvents, slackInteractions } from './slack-webhook.ts';
import { listTools } from './tools.ts';
import { whatsappHandshake, whatsappWebhook } from './whatsapp-webhook.ts';

const describe = describeOnce(() => routes);

/** The whole surface: what there is, and who may. What is not here does not exist. */
export const routes: readonly Route[] = [
  route('post', '/v1/channels/{channel_integration}/messages', 'gateway', receiveMessage),

  route('get', '/webhooks/whatsapp/{channel_integration}', 'signature', whatsappHandshake),
  route('post', '/webhooks/whatsapp/{channel_integration}', 'signature', whatsappWebhook),

  route('post', '/webhooks/slack/{channel_integration}/events', 'signature', slackEvents),
  route('post', '/webhooks/slack/{channel_integration}/interactions', 'signature', slackInteractions),

  route('get', '/chat/{channel_integration}', 'anyone', chatPage),
  route('post', '/chat/{channel_integration}/session', 'anyone', openChatSession),
  route('post', '/chat/{channel_integration}/messages', 'visitor', postChatMessage),
  route('post', '/chat/{channel_integration}/files', 'visitor', postChatFile),
  route('get', '/chat/{channel_integration}/files/{message_id}', 'visitor', readChatFile),
  route('get', '/chat/{channel_integration}/stream', 'visitor', chatStream),

  route('get', '/v1/conversations', 'viewer', listConversations),
  route('get', '/v1/conversations/{id}', 'viewer', readConversation),
  route('get', '/v1/conversations/{id}/messages', 'viewer', readMessages),
  streamRoute('/v1/conversations/{id}/media/{media_id}', 'viewer', readMedia),
  route('get', '/v1/conversations/{id}/turns', 'viewer', readTurns),
  route('post', '/v1/conversations/{id}/take-over', 'operator', takeOver),
  route('post', '/v1/conversations/{id}/hand-back', 'operator', handBack),
  route('post', '/v1/conversations/{id}/assign', 'operator', assign),
  route('post', '/v1/conversations/{id}/reply', 'operator', reply),
  route('post', '/v1/conversations/{id}/resolve', 'operator', resolve),

  route('get', '/v1/approvals', 'viewer', listApprovals),
  route('get', '/v1/approvals/{id}', 'viewer', readApproval),
  route('patch', '/v1/approvals/{id}', 'operator', changeApproval),
  route('post', '/v1/approvals/{id}/decision', 'operator', decideApproval),
  route('post', '/v1/approvals/{id}/cancel', 'operator', cancelApproval),

  route('get', '/v1/agents', 'builder', listAgents),
  route('post', '/v1/agents', 'builder', createAgent),
  route('get', '/v1/agents/{id}', 'builder', readAgent),
  route('patch', '/v1/agents/{id}', 'builder', changeAgent),

  route('get', '/v1/external-actions', 'builder', listExternalActions),
  route('post', '/v1/external-actions', 'builder', createExternalAction),
  route('get', '/v1/external-actions/{id}', 'builder', readExternalAction),
  route('patch', '/v1/external-actions/{id}', 'builder', changeExternalAction),
  route('delete', '/v1/external-actions/{id}', 'builder', deleteExternalAction),
  route('post', '/v1/external-actions/{id}/toggle', 'builder', toggleExternalAction),
  route('post', '/v1/external-actions/{id}/duplicate', 'builder', duplicateExternalAction),
  route('post', '/v1/external-actions/{id}/test', 'builder', testExternalAction),
  route('get', '/v1/external-actions/{id}/executions', 'builder', listExecutions),
  route('get', '/v1/external-actions/{id}/executions/{execution}', 'builder', readExecution),
  route('post', '/v1/external-actions/{id}/executions/{execution}/replay', 'builder', replayExecution),
  route('get', '/v1/external-action-templates', 'builder', listExternalActionTemplates),

  route('get', '/v1/channels', 'admin', listChannels),
  route('post', '/v1/channels', 'admin', createChannel),
  route('get', '/v1/channels/{id}', 'admin', readChannel),
  route('patch', '/v1/channels/{id}', 'admin', changeChannel),

  route('get', '/v1/tools', 'builder', listTools),

  route('get', '/v1/feature-flags', 'admin', readFlags),
  route('put', '/v1/feature-flags', 'admin', setFlags),

  route('get', '/v1/proactive', 'viewer', readProactive),
  route('put', '/v1/proactive', 'admin', setProactiveLimit),
  route('post', '/v1/proactive/resume', 'admin', resumeProactive),

  route('get', '/v1/connections', 'admin', listConnections),
  route('put', '/v1/connections/{code}', 'admin', saveConnection),
  route('delete', '/v1/connections/{code}', 'admin', removeConnection),

  route('get', '/v1/members', 'admin', listMembers),
  route('post', '/v1/members', 'admin', createMember),
  route('get', '/v1/members/{id}', 'admin', readMember),
  route('patch', '/v1/members/{id}', 'admin', changeMember),
  route('delete', '/v1/members/{id}', 'admin', removeMember),

  route('get', '/v1/divisions', 'admin', listDivisions),
  route('post', '/v1/divisions', 'admin', createDivision),
  route('get', '/v1/divisions/{id}', 'admin', readDivision),
  route('patch', '/v1/divisions/{id}', 'admin', changeDivision),
  route('delete', '/v1/divisions/{id}', 'admin', removeDivision),

  route('get', '/v1/me/presence', 'operator', readPresence),
  route('put', '/v1/me/presence', 'operator', setPresence),

  route('get', '/v1/installation/feature-flags', 'owner', readSystemFlags),
  route('put', '/v1/installation/feature-flags', 'owner', setSystemFlags),
  route('get', '/v1/installation/node-registries', 'owner', listNodeTypes),
  route('get', '/v1/installation/node-registries/{node_type}', 'owner', readNodeType),
  route('put', '/v1/installation/node-registries/{node_type}', 'owner', setNodeType),
  route('get', '/v1/installation/organisations', 'owner', listOrganisations),
  route('post', '/v1/installation/organisations', 'owner', createOrganisation),
  route('get', '/v1/installation/organisations/{id}/components', 'owner', listComponents),
  route('put', '/v1/installation/organisations/{id}/components/{code}', 'owner', subscribe),
  route('delete', '/v1/installation/organisations/{id}/components/{code}', 'owner', unsubscribe),

  route('post', '/v1/session', 'anyone', signIn),
  route('get', '/v1/session', 'holder', readSession),
  route('delete', '/v1/session', 'holder', signOut),
  route('get', '/v1/sessions', 'admin', listSessions),
  route('delete', '/v1/sessions/{id}', 'admin', endSession),

  route('get', '/v1/keys', 'admin', listKeys),
  route('post', '/v1/keys', 'admin', createKey),
  route('delete', '/v1/keys/{id}', 'admin', revokeKey),

  streamRoute('/v1/live', 'viewer', live),
  route('get', '/v1/events', 'viewer', listEvents),
  route('get', '/v1/audit', 'viewer', listAudit),

  route('get', '/healthz', 'anyone', healthz),
  route('get', '/readyz', 'anyone', readyz),
  route('get', '/openapi.json', 'anyone', openApiJson(describe)),
  route('get', '/docs', 'anyone', docsPage(describe)),
];
