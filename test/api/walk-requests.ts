import { randomUUID } from 'node:crypto';
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
  /** Id of an API key, for revoking; a walk makes its own where it may. */
  key: string;
}

/** Which of the ids stands for the parameter of a path; the longest beginning that fits decides. */
const PARAMETER: Readonly<Record<string, keyof WalkIds>> = {
  '/v1/channels/{channel_integration}/messages': 'generic',
  '/webhooks/whatsapp/': 'whatsapp',
  '/chat/': 'webchat',
  '/v1/conversations/': 'conversation',
  '/v1/agents/': 'agent',
  '/v1/channels/': 'generic',
  '/v1/keys/': 'key',
};

/** A body that the route takes. A route with a body and none here fails the walk, so that no new one is left out. */
const BODIES: Readonly<Record<string, (ids: WalkIds) => unknown>> = {
  'post /v1/channels/{channel_integration}/messages': () => ({
    id: `walk-${randomUUID()}`,
    room: `walk-${randomUUID()}`,
    customer: { id: 'walker' },
    text: 'hello',
  }),
  'post /webhooks/whatsapp/{channel_integration}': () => ({ object: 'whatsapp_business_account', entry: [] }),
  'post /chat/{channel_integration}/session': () => ({}),
  'post /chat/{channel_integration}/messages': () => ({ id: randomUUID(), text: 'hello' }),
  'post /v1/conversations/{id}/take-over': () => ({}),
  'post /v1/conversations/{id}/hand-back': () => ({}),
  'post /v1/conversations/{id}/resolve': () => undefined,
  'post /v1/agents': () => ({ name: 'Walker', prompt: 'Answer briefly.', wait_time_seconds: 0.5 }),
  'patch /v1/agents/{id}': () => ({ message_limit: 20 }),
  'post /v1/channels': (ids) => ({
    kind: 'webchat',
    name: 'Walk',
    agent_id: ids.agent,
    settings: { title: 'Walk' },
  }),
  'patch /v1/channels/{id}': () => ({ name: 'Walked' }),
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
  // A key can be revoked once, and the walker's own must live on.
  const fresh = route.method === 'delete' && ids === stage.here ? { ...ids, key: await makeKey(stage) } : ids;
  return { ids: fresh, body: makeBody?.(stage.here) };
}

export function fillPath(route: Route, ids: WalkIds): string {
  const beginning = Object.keys(PARAMETER)
    .filter((known) => route.path.startsWith(known))
    .sort((one, other) => other.length - one.length)[0];
  const name = beginning === undefined ? undefined : PARAMETER[beginning];
  return route.path.replaceAll(/\{[a-z_]+\}/g, () => {
    if (name === undefined) throw new Error(`the walk has no id for ${route.path}: add one to PARAMETER`);
    return encodeURIComponent(ids[name]);
  });
}

async function makeKey({ url, keys }: WalkStage): Promise<string> {
  const response = await fetch(`${url}/v1/keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${keys.admin}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'to be revoked', role: 'viewer' }),
  });
  const made = (await response.json()) as { id?: string };
  if (made.id === undefined) throw new Error(`the walk could not make a key: ${response.status}`);
  return made.id;
}
