import { z } from 'zod';
import { COMPONENT_CODES } from '../domain/tool.ts';
import type { ComponentRecord, OrganisationRecord } from './ports.ts';
import { Problem, unknown } from './problem.ts';
import { operation } from './route.ts';
import { byId, id, pageOf, pageQuery, readable, time, toPage, toPageQuery, words } from './shapes.ts';

const organisation = z.strictObject({ id, name: z.string(), created_at: time }).meta({ id: 'Organisation' });

const component = z
  .strictObject({ code: z.string(), subscribed_at: time })
  .meta({ id: 'SubscribedComponent' });

const byCode = z.object({ id, code: z.string().max(64) });

export const listOrganisations = operation({
  summary: 'All organisations of the installation',
  query: pageQuery,
  status: 200,
  answer: pageOf(organisation),
  async run({ query }, { installation }) {
    return toPage(await installation.organisations(toPageQuery(query)), toOrganisation);
  },
});

export const createOrganisation = operation({
  summary: 'Makes an organisation with a first admin key, which is shown this once',
  body: z.strictObject({ name: readable(words(255)) }),
  status: 201,
  answer: organisation.extend({ key: z.string() }).meta({ id: 'NewOrganisation' }),
  secretAnswer: true,
  async run({ caller, body }, { installation }) {
    const made = await installation.createOrganisation(caller, body.name);
    return { ...toOrganisation(made), key: made.key };
  },
});

export const listComponents = operation({
  summary: 'The billing components an organisation has subscribed',
  params: byId,
  status: 200,
  answer: z.strictObject({ data: z.array(component) }),
  async run({ params }, { installation }) {
    const subscribed = await installation.components(params.id);
    if (subscribed === null) throw unknown('organisation');
    return { data: subscribed.map(toComponent) };
  },
});

export const subscribe = operation({
  summary: 'Notes that an organisation has subscribed a component',
  params: byCode,
  body: z.strictObject({}).optional(),
  status: 200,
  answer: component,
  async run({ caller, params }, { installation }) {
    const subscribed = await installation.subscribe(caller, params.id, knownCode(params.code));
    if (subscribed === null) throw unknown('organisation');
    return toComponent(subscribed);
  },
});

export const unsubscribe = operation({
  summary: 'Notes that an organisation has a component no longer',
  params: byCode,
  status: 200,
  answer: component,
  async run({ caller, params }, { installation }) {
    const gone = await installation.unsubscribe(caller, params.id, knownCode(params.code));
    if (gone === null) throw new Problem(404, 'There is no such organisation, or it has not this component.');
    return toComponent(gone);
  },
});

/** A code that no gate asks for would be subscribed in vain, and nobody would see the mistake. */
function knownCode(code: string): string {
  if (COMPONENT_CODES.includes(code)) return code;
  throw new Problem(422, 'Some fields are not valid.', {
    errors: [{ field: 'code', message: `must be one of ${COMPONENT_CODES.join(', ')}` }],
  });
}

function toOrganisation({ id, name, createdAt }: OrganisationRecord): z.input<typeof organisation> {
  return { id, name, created_at: createdAt.toISOString() };
}

function toComponent({ code, createdAt }: ComponentRecord): z.input<typeof component> {
  return { code, subscribed_at: createdAt.toISOString() };
}
