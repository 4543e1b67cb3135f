import { roleAllows, ROLES } from '../../domain/role.ts';
import type { Role } from '../../domain/role.ts';
import { fillPath, namesAnId, requestFor } from './walk-requests.ts';
import type { WalkIds } from './walk-requests.ts';
import type { Needed, Operation, Route, StreamOperation } from '../../api/route.ts';
import { routes } from '../../api/routes.ts';
import { problem } from '../../api/shapes.ts';

/** What the walk needs of a running gateway. It changes settings, conversations and keys of `here`: give it scratch ones. */
export interface WalkStage {
  url: string;
  /** Ids of the organisation whose keys walk. */
  here: WalkIds;
  /** Ids of another organisation, all of them existing. */
  there: WalkIds;
  keys: Record<Role, string>;
}

const NOBODY = '00000000-0000-4000-8000-000000000000';

/**
 * Walks one route: without a credential, with a wrong one, with every role, and with ids of the organisation, of
 * another and of nobody. Returns what differs from the route table and DESIGN section 11, a sentence each; an empty list is a pass.
 */
export async function walkRoute(route: Route, stage: WalkStage): Promise<string[]> {
  return route.open === undefined ? walkKeyed(route, stage) : walkOpen(route, stage);
}

/** Walks the whole table. */
export async function walk(stage: WalkStage): Promise<string[]> {
  const found: string[] = [];
  for (const route of routes) found.push(...(await walkRoute(route, stage)));
  return found;
}

type Keyed = Route & ({ operation: Operation; who: Needed } | { stream: StreamOperation; who: Role });

async function walkKeyed(route: Keyed, stage: WalkStage): Promise<string[]> {
  const found: string[] = [];
  const expect = async (what: string, wanted: number[], key: string | null, ids: WalkIds) => {
    const answer = await send(route, stage, key, ids);
    const wrong = await judge(answer, wanted, route, stage);
    if (wrong !== null) found.push(`${route.method.toUpperCase()} ${route.path} ${what}: ${wrong}`);
  };

  const hasId = namesAnId(route);
  // The owner's routes act on the installation, whichever organisation it is.
  const isInstallation = route.who === 'owner';
  for (const [whose, ids] of [
    ['own', stage.here],
    ['foreign', stage.there],
  ] as const) {
    await expect(`without a key, ${whose} id`, [401], null, ids);
    await expect(`with a wrong key, ${whose} id`, [401], 'prl_wrong_key', ids);
    for (const role of ROLES) {
      const may = mayUse(role, route);
      if (!may) await expect(`as ${role}, ${whose} id`, [403], stage.keys[role], ids);
      else if (hasId && whose === 'foreign' && !isInstallation)
        await expect(`as ${role}, foreign id`, [404], stage.keys[role], ids);
      else if (whose === 'own') await expect(`as ${role}, own id`, answersOf(route), stage.keys[role], ids);
    }
  }
  const able = ROLES.find((role) => mayUse(role, route));
  if (able !== undefined && able !== 'gateway') found.push(...(await walkSignedIn(route, stage, able)));
  if (hasId) {
    const key = able === undefined ? null : stage.keys[able];
    await expect("with nobody's id", [404], key, everyId(stage.here, NOBODY));
    await expect('with an id that is none', [404], key, everyId(stage.here, "1'--"));
  }
  return found;
}

function mayUse(role: Role, { who }: Keyed): boolean {
  return who === 'holder' || roleAllows(role, who);
}

/** The same by the cookie of a session: with the page's token as with the key, and without it only to read. */
async function walkSignedIn(route: Keyed, stage: WalkStage, role: Role): Promise<string[]> {
  const isReading = route.method === 'get';
  // What has a word for a name was removed with the key, and cannot be made anew for each try.
  const isGone = route.method === 'delete' && route.path.endsWith('{code}');
  const session = await signIn(stage, role, !isReading && route.path === '/v1/session');
  const found: string[] = [];
  for (const [what, wanted, headers] of [
    ['without its token', isReading ? answersOf(route) : [403], { cookie: session.cookie }],
    ['with its token', isGone ? [404] : answersOf(route), { ...session }],
  ] as const) {
    const answer = await send(route, stage, headers, stage.here);
    const wrong = await judge(answer, wanted, route, stage);
    if (wrong !== null)
      found.push(`${route.method.toUpperCase()} ${route.path} by a session ${what}: ${wrong}`);
  }
  return found;
}

type SessionHeaders = { cookie: string; 'x-csrf-token': string };
/** By key: whoever tries to sign in too often is slowed down. */
const signedIn = new Map<string, SessionHeaders>();

/** @param once for a request that ends the session */
async function signIn(stage: WalkStage, role: Role, once: boolean): Promise<SessionHeaders> {
  const key = stage.keys[role];
  const before = signedIn.get(key);
  if (before !== undefined && !once) return before;
  const answer = await fetch(`${stage.url}/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key }),
  });
  const { csrf_token } = (await answer.json()) as { csrf_token: string };
  const [cookie = ''] = (answer.headers.get('set-cookie') ?? '').split(';');
  const session = { cookie, 'x-csrf-token': csrf_token };
  if (!once) signedIn.set(key, session);
  return session;
}

function answersOf({ operation }: Keyed): number[] {
  if (operation === undefined) return [200];
  return [
    operation.status,
    ...(operation.isUnderWay === undefined ? [] : [202]),
    ...(operation.also ?? []).filter((status) => status !== 404),
  ];
}

/** Routes that check their peer themselves: no key of ours may help, and no foreign id may tell more than an unknown one. */
async function walkOpen(route: Route, stage: WalkStage): Promise<string[]> {
  const found: string[] = [];
  const expect = async (what: string, wanted: number[], key: string | null, ids: WalkIds) => {
    const answer = await send(route, stage, key, ids);
    const wrong = await judge(answer, wanted, route, stage);
    if (wrong !== null) found.push(`${route.method.toUpperCase()} ${route.path} ${what}: ${wrong}`);
  };
  const refusal = route.who === 'signature' ? (route.method === 'get' ? [403] : [401]) : [401];
  const open = route.who === 'anyone';
  const wanted = open ? (route.path === '/readyz' ? [200, 503] : [200]) : refusal;
  await expect('without a key', wanted, null, stage.here);
  await expect("another organisation's, without a key", wanted, null, stage.there);
  for (const role of ROLES) await expect(`with a key of ${role}`, wanted, stage.keys[role], stage.here);
  if (route.path.includes('{')) await expect("with nobody's id", [404], null, everyId(stage.here, NOBODY));
  return found;
}

/** @param as a key, the headers of a session, or nobody */
async function send(
  route: Route,
  stage: WalkStage,
  as: string | Record<string, string> | null,
  ids: WalkIds,
): Promise<Response> {
  const request = await requestFor(route, stage, ids);
  return fetch(stage.url + fillPath(route, request.ids), {
    method: route.method.toUpperCase(),
    redirect: 'manual',
    headers: {
      ...(typeof as === 'string' ? { authorization: `Bearer ${as}` } : as),
      // From the beginning: whatever could be shown is.
      ...(route.stream === undefined ? {} : { 'last-event-id': '0' }),
      ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    body: request.body === undefined ? undefined : JSON.stringify(request.body),
  });
}

/** Null where the answer is as DESIGN section 11 says: status, form, and nothing of the other organisation in it. */
async function judge(
  answer: Response,
  wanted: readonly number[],
  route: Route,
  stage: WalkStage,
): Promise<string | null> {
  const { operation, stream } = route;
  const text = answer.ok && stream !== undefined ? await untilCaughtUp(answer) : await answer.text();
  if (!wanted.includes(answer.status))
    return `${answer.status} instead of ${wanted.join(' or ')}: ${text.slice(0, 300)}`;
  const type = answer.headers.get('content-type') ?? '';
  if (answer.status >= 400 && answer.status !== 503) {
    if (!type.startsWith('application/problem+json')) return `a refusal of type ${type}`;
    const parsed = problem.safeParse(JSON.parse(text));
    if (!parsed.success) return `a problem in another form: ${parsed.error.message}`;
    if (parsed.data.status !== answer.status) return 'a problem that names another status';
    return null;
  }
  if (route.open !== undefined) return null;
  if (operation === undefined) {
    if (stream?.answers[200]?.type !== 'text/event-stream') {
      const { headers } = answer;
      const asIs = headers.get('x-content-type-options') !== 'nosniff';
      return asIs || !headers.get('content-disposition')?.startsWith('attachment')
        ? 'a file for showing'
        : null;
    }
    if (!type.startsWith('text/event-stream')) return `a stream of type ${type}`;
    if (!text.includes('\ndata: ')) return 'a stream without any event: let something happen first';
  } else {
    const parsed = operation.answer.safeParse(JSON.parse(text));
    if (!parsed.success) return `an answer that its schema does not allow: ${parsed.error.message}`;
  }
  if (route.who === 'owner') return null;
  const leaked = Object.values(stage.there).find((id) => text.includes(id));
  return leaked === undefined ? null : 'an answer that holds an id of another organisation';
}

/** What a stream has to tell so far; then its reader leaves. */
async function untilCaughtUp(answer: Response): Promise<string> {
  let text = '';
  for await (const bytes of answer.body ?? []) {
    text += Buffer.from(bytes).toString();
    if (text.includes(': caught up')) break;
  }
  return text;
}

function everyId(ids: WalkIds, id: string): WalkIds {
  return Object.fromEntries(Object.keys(ids).map((name) => [name, id])) as unknown as WalkIds;
}
