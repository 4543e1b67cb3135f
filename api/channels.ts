import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { CHANNEL_KINDS } from '../domain/channel.ts';
import { isSequential, ruleToShow } from '../domain/idle-rule.ts';
import type { IdleRule } from '../domain/idle-rule.ts';
import { ANSWERED_BY } from '../domain/idle-sequence.ts';
import type { Gates } from '../domain/tool.ts';
import { CHANNEL_SETTINGS } from './channel-settings.ts';
import { idleProblems, idleRule, toIdleRule } from './idle-of-agent.ts';
import type { Gateway } from './gateway.ts';
import type { Caller, ChannelRecord } from './ports.ts';
import { Problem, unknown } from './problem.ts';
import { operation } from './route.ts';
import { parse } from './serve.ts';
import { strangersOfChannel } from './strangers.ts';
import { byId, id, pageOf, pageQuery, readable, time, toPage, toPageQuery, words } from './shapes.ts';

const named = { name: readable(words(255)), agent_id: id };
const answeredBy = z.enum(ANSWERED_BY).meta({
  description:
    "people: the agent is never asked, conversations open in the organisation's queue. Counts from the next opening",
});
const rule = idleRule.meta({
  description:
    'What silence leads to where people answer alone, and behind the legacy follow_up of an agent whose steps are off',
});
const idle = { answered_by: answeredBy.default('agent'), default_idle_rule: rule.optional() };
const { generic, webchat, whatsapp, slack } = CHANNEL_SETTINGS;

const newChannel = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('generic'), ...named, ...idle, ...generic }),
  z.strictObject({
    kind: z.literal('webchat'),
    ...named,
    ...idle,
    settings: webchat.settings.default({}),
    secrets: webchat.secrets.default({}),
  }),
  z.strictObject({ kind: z.literal('whatsapp'), ...named, ...idle, ...whatsapp }),
  z.strictObject({
    kind: z.literal('slack'),
    ...named,
    ...idle,
    settings: slack.settings.default({}),
    secrets: slack.secrets,
  }),
]);

const texts = z.record(z.string().regex(/^[a-z_]{1,64}$/), z.string());

const change = z
  .strictObject({
    ...named,
    active: z.boolean(),
    answered_by: answeredBy,
    default_idle_rule: rule,
    settings: texts,
    secrets: texts,
  })
  .partial()
  .meta({ description: 'Of settings and secrets those that are named; the rest stays' });

const channel = z
  .strictObject({
    id,
    kind: z.enum(CHANNEL_KINDS),
    ...named,
    active: z.boolean(),
    answered_by: answeredBy,
    default_idle_rule: rule,
    settings: z.record(z.string(), z.string()),
    secrets_set: z.array(z.string()).meta({ description: 'Which secrets are set; their values never leave' }),
    created_at: time,
  })
  .meta({ id: 'Channel' });

export const listChannels = operation({
  summary: 'The channel integrations of the organisation',
  query: pageQuery,
  status: 200,
  answer: pageOf(channel),
  async run({ caller, query }, gateway) {
    const page = await gateway.settings.channels(caller, toPageQuery(query));
    const gates = await gateway.installation.gates(caller);
    return toPage(page, (record) => toChannel(record, gates));
  },
});

export const readChannel = operation({
  summary: 'One channel integration',
  params: byId,
  status: 200,
  answer: channel,
  async run({ caller, params }, gateway) {
    const record = found(await gateway.settings.channel(caller, params.id));
    return toChannel(record, await gateway.installation.gates(caller));
  },
});

export const createChannel = operation({
  summary: 'Makes a channel integration',
  body: newChannel,
  status: 201,
  answer: channel,
  async run({ caller, body }, gateway) {
    const gates = await gateway.installation.gates(caller);
    const defaultIdleRule = await allowedRule(body.default_idle_rule, { caller, gates, gateway });
    const made = await gateway.settings.createChannel(caller, {
      kind: body.kind,
      name: body.name,
      agentId: body.agent_id,
      answeredBy: body.answered_by,
      ...(defaultIdleRule === undefined ? {} : { defaultIdleRule }),
      settings: present(body.settings),
      secrets:
        body.kind === 'webchat'
          ? { session_secret: body.secrets.session_secret ?? randomBytes(32).toString('base64url') }
          : body.secrets,
    });
    if (made === null) throw unknownAgent();
    gateway.lookup.forget();
    return toChannel(made, gates);
  },
});

export const changeChannel = operation({
  summary: 'Changes a channel integration, or switches it off and on',
  params: byId,
  body: change,
  status: 200,
  answer: channel,
  async run({ caller, params, body }, gateway) {
    const before = found(await gateway.settings.channel(caller, params.id));
    const shape = CHANNEL_SETTINGS[before.kind];
    const whole = z.strictObject({ settings: shape.settings.partial(), secrets: shape.secrets.partial() });
    parse(whole, { settings: body.settings ?? {}, secrets: body.secrets ?? {} });
    const gates = await gateway.installation.gates(caller);
    const { agent_id: agentId, answered_by: answered, default_idle_rule: named, ...same } = body;
    const defaultIdleRule = await allowedRule(named, { caller, gates, gateway });
    const more = { agentId, answeredBy: answered, defaultIdleRule };
    const after = await gateway.settings.updateChannel(caller, params.id, present({ ...same, ...more }));
    // The channel was there a moment ago, so it is the agent that is not.
    if (after === null) throw unknownAgent();
    gateway.lookup.forget();
    return toChannel(after, gates);
  },
});

function found(record: ChannelRecord | null): ChannelRecord {
  if (record === null) throw unknown('channel integration');
  return record;
}

/** Whether steps may be saved depends on the organisation's feature; whom they name is there (IDLE-1, IDLE-8). */
async function allowedRule(
  named: unknown,
  { caller, gates, gateway }: { caller: Caller; gates: Gates; gateway: Gateway },
): Promise<IdleRule | null | undefined> {
  const idle = toIdleRule(named);
  const sequential = isSequential(null, gates.organisationFlags);
  const errors = [
    ...idleProblems(idle, sequential, 'default_idle_rule'),
    ...(await strangersOfChannel(gateway.people, caller, idle)),
  ];
  if (errors.length > 0) throw new Problem(422, 'Some fields are not valid.', { errors });
  return idle;
}

function unknownAgent(): Problem {
  return new Problem(422, 'Some fields are not valid.', {
    errors: [{ field: 'agent_id', message: 'is not an agent of this organisation' }],
  });
}

function present<T extends object>(members: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

function toChannel(record: ChannelRecord, { organisationFlags }: Gates): z.input<typeof channel> {
  const { agentId, answeredBy: answered, defaultIdleRule, secretsSet, createdAt, ...same } = record;
  return {
    ...same,
    agent_id: agentId,
    answered_by: answered,
    default_idle_rule: ruleToShow(defaultIdleRule, { sequential: isSequential(null, organisationFlags) }),
    secrets_set: secretsSet,
    created_at: createdAt.toISOString(),
  };
}
