import { randomInt, randomUUID } from 'node:crypto';
import type { Route } from '../../api/route.ts';
import type { WalkStage } from './walk.ts';

/** One existing thing of every kind that a path may name. */
export interface WalkIds {
  organisation: string;
  agent: string;
  conversation: string;
  generic: string;
  webchat: string;
  whatsapp: string;
  slack: string;
  /** Id of an API key, for revoking; a walk makes its own where it may. */
  key: string;
  member: string;
  division: string;
  external_action: string;
  /** Of that action, ended. */
  execution: string;
  /** Pending. */
  approval: string;
  /** Of a viewer's key. */
  session: string;
  /** A message with a file. */
  media: string;
}

/** Which of the ids stands for the parameter of a path; the longest beginning that fits decides. */
const PARAMETER: Readonly<Record<string, keyof WalkIds>> = {
  '/v1/channels/{channel_integration}/messages': 'generic',
  '/webhooks/whatsapp/': 'whatsapp',
  '/webhooks/slack/': 'slack',
  '/chat/': 'webchat',
  '/v1/conversations/': 'conversation',
  '/v1/agents/': 'agent',
  '/v1/channels/': 'generic',
  '/v1/keys/': 'key',
  '/v1/external-actions/': 'external_action',
  '/v1/approvals/': 'approval',
  '/v1/sessions/': 'session',
  '/v1/members/': 'member',
  '/v1/divisions/': 'division',
  '/v1/installation/organisations/': 'organisation',
};

/** Parameters that are not ids: the same word means the same in every organisation, and each finds its own under it. */
const WORDS: Readonly<Record<string, string>> = {
  '/v1/connections/{code}': '__qontak_crm_company_token',
  '/v1/installation/node-registries/{node_type}': 'qontak_chat_room_tag',
  '/v1/installation/organisations/{id}/components/{code}': 'CP-QONTAKCRM-2025-0005',
};
const WORD = /\{(code|node_type)\}/g;

/** Whether the path names a thing by its id. */
export function namesAnId(route: Route): boolean {
  return route.path.replaceAll(WORD, '').includes('{');
}

/** A body that the route takes. A route with a body and none here fails the walk, so that no new one is left out. */
const BODIES: Readonly<Record<string, (ids: WalkIds, keys: WalkStage['keys']) => unknown>> = {
  'post /v1/channels/{channel_integration}/messages': () => ({
    id: `walk-${randomUUID()}`,
    room: `walk-${randomUUID()}`,
    customer: { id: 'walker' },
    text: 'hello',
  }),
  'post /webhooks/whatsapp/{channel_integration}': () => ({ object: 'whatsapp_business_account', entry: [] }),
  'post /webhooks/slack/{channel_integration}/events': () => ({ type: 'event_callback', event: {} }),
  'post /webhooks/slack/{channel_integration}/interactions': () => ({ payload: '{}' }),
  'post /chat/{channel_integration}/session': () => ({}),
  'post /chat/{channel_integration}/files': () => ({}),
  'post /chat/{channel_integration}/messages': () => ({ id: randomUUID(), text: 'hello' }),
  'post /v1/conversations/{id}/take-over': () => ({}),
  'post /v1/conversations/{id}/reply': () => ({ text: 'A person writes.' }),
  'post /v1/conversations/{id}/hand-back': () => ({}),
  'post /v1/conversations/{id}/assign': () => ({ assign_type: 'auto' }),
  'post /v1/conversations/{id}/resolve': () => undefined,
  'patch /v1/approvals/{id}': () => ({ priority: 'urgent' }),
  'post /v1/approvals/{id}/decision': () => ({ decision: 'approve', response: 'Fine.' }),
  'post /v1/approvals/{id}/cancel': () => undefined,
  'post /v1/agents': () => ({ name: 'Walker', prompt: 'Answer briefly.', wait_time_seconds: 0.5 }),
  'patch /v1/agents/{id}': () => ({ message_limit: 20 }),
  'post /v1/channels': (ids) => ({
    kind: 'webchat',
    name: 'Walk',
    agent_id: ids.agent,
    settings: { title: 'Walk' },
  }),
  'post /v1/external-actions': (ids) => anAction(ids),
  'patch /v1/external-actions/{id}': () => ({ priority: 3 }),
  'post /v1/external-actions/{id}/toggle': () => undefined,
  'post /v1/external-actions/{id}/duplicate': () => ({ action_name: `walk_${randomInt(1e9)}` }),
  'post /v1/external-actions/{id}/test': () => ({ mode: 'dry_run', variables: {} }),
  'post /v1/external-actions/{id}/executions/{execution}/replay': () => ({}),
  'patch /v1/channels/{id}': () => ({ name: 'Walked' }),
  'put /v1/proactive': () => ({ daily_limit: 5_000 }),
  'post /v1/proactive/resume': () => undefined,
  'put /v1/feature-flags': () => ({ ai_agent_action: true, ai_agent_action_api: false }),
  'put /v1/connections/{code}': () => ({ token: 'a-company-token' }),
  'post /v1/members': (ids) => ({ name: 'Walker', role: 'operator', divisions: [ids.division] }),
  'patch /v1/members/{id}': () => ({ capacity: 5 }),
  'post /v1/divisions': (ids) => ({ name: `Walk ${randomUUID()}`, members: [ids.member] }),
  'patch /v1/divisions/{id}': () => ({ members: [] }),
  'put /v1/me/presence': () => ({ online: true, capacity: 3 }),
  'put /v1/installation/feature-flags': () => ({ rollout_ai_agent_action: false }),
  'put /v1/installation/node-registries/{node_type}': () => ({ enabled: true }),
  'post /v1/installation/organisations': () => ({ name: 'Walked' }),
  'put /v1/installation/organisations/{id}/components/{code}': () => ({}),
  'post /v1/session': (_, { viewer }) => ({ key: viewer }),
  'post /v1/keys': () => ({ name: 'Walker', role: 'viewer' }),
};

export async function requestFor(
  route: Route,
  stage: WalkStage,
  ids: WalkIds,
): Promise<{ ids: WalkIds; body: unknown }> {
  const place = `${route.method} ${route.path}`;
  const makeBody = BODIES[place];
  if (
    makeBody === undefined &&
    (route.method === 'post' || route.method === 'patch' || route.method === 'put')
  )
    throw new Error(`the walk has no body for ${place}: add one to BODIES`);
  return {
    ids: ids === stage.here ? await withFresh(route, stage) : ids,
    body: makeBody?.(stage.here, stage.keys),
  };
}

export function fillPath(route: Route, ids: WalkIds): string {
  const beginning = Object.keys(PARAMETER)
    .filter((known) => route.path.startsWith(known))
    .sort((one, other) => other.length - one.length)[0];
  const name = beginning === undefined ? undefined : PARAMETER[beginning];
  const path = route.path.replaceAll(WORD, () => {
    const word = WORDS[route.path];
    if (word === undefined) throw new Error(`the walk has no word for ${route.path}: add one to WORDS`);
    return word;
  });
  const named = path
    .replace('{execution}', encodeURIComponent(ids.execution))
    .replace('{media_id}', encodeURIComponent(ids.media));
  return named.replaceAll(/\{[a-z_]+\}/g, () => {
    if (name === undefined) throw new Error(`the walk has no id for ${route.path}: add one to PARAMETER`);
    return encodeURIComponent(ids[name]);
  });
}

function anAction({ generic }: WalkIds): object {
  return {
    action_name: `walk_${randomInt(1e9)}`,
    display_name: 'Walk',
    channel_integration: generic,
    webhook_url: 'https://walk.example/hook',
    is_active: false,
  };
}

/** What can be removed once is made anew for each try; so the walker's own key lives on. */
const MAKE_FRESH: Readonly<
  Record<
    string,
    { path: string; name: keyof WalkIds; body: (here: WalkIds, keys: WalkStage['keys']) => object }
  >
> = {
  'delete /v1/keys/{id}': {
    path: '/v1/keys',
    name: 'key',
    body: () => ({ name: 'to be revoked', role: 'viewer' }),
  },
  'delete /v1/sessions/{id}': {
    path: '/v1/session',
    name: 'session',
    body: (_, { viewer }) => ({ key: viewer }),
  },
  'delete /v1/external-actions/{id}': {
    path: '/v1/external-actions',
    name: 'external_action',
    body: anAction,
  },
  'delete /v1/members/{id}': {
    path: '/v1/members',
    name: 'member',
    body: () => ({ name: 'to be removed', role: 'viewer' }),
  },
  'delete /v1/divisions/{id}': {
    path: '/v1/divisions',
    name: 'division',
    body: () => ({ name: `to be removed ${randomUUID()}` }),
  },
};

async function withFresh(route: Route, { url, keys, here }: WalkStage): Promise<WalkIds> {
  const fresh = MAKE_FRESH[`${route.method} ${route.path}`];
  if (fresh === undefined) return here;
  const response = await fetch(url + fresh.path, {
    method: 'POST',
    headers: { authorization: `Bearer ${keys.admin}`, 'content-type': 'application/json' },
    body: JSON.stringify(fresh.body(here, keys)),
  });
  const made = (await response.json()) as { id?: string };
  if (made.id === undefined) throw new Error(`the walk could not make a ${fresh.name}: ${response.status}`);
  return { ...here, [fresh.name]: made.id };
}
