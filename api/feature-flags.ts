import { z } from 'zod';
import { FLAGS } from '../domain/tool.ts';
import type { Gates } from '../domain/tool.ts';
import { operation } from './route.ts';

const switches = z.strictObject({
  [FLAGS.actions]: z.boolean(),
  [FLAGS.api]: z.boolean(),
  [FLAGS.sequentialIdle]: z.boolean(),
  [FLAGS.actionsCenter]: z.boolean(),
});
const flags = switches.meta({ id: 'FeatureFlags' });

export const readFlags = operation({
  summary: 'What the organisation has switched on',
  status: 200,
  answer: flags,
  async run({ caller }, { installation }) {
    return toFlags(await installation.gates(caller));
  },
});

export const setFlags = operation({
  summary: 'Switches on or off what is named; conversations follow from their next step',
  body: switches.partial(),
  status: 200,
  answer: flags,
  async run({ caller, body }, { installation }) {
    return toFlags(await installation.setOrganisationFlags(caller, body));
  },
});

function toFlags({ organisationFlags }: Gates): z.input<typeof flags> {
  return {
    [FLAGS.actions]: organisationFlags.has(FLAGS.actions),
    [FLAGS.api]: organisationFlags.has(FLAGS.api),
    [FLAGS.sequentialIdle]: organisationFlags.has(FLAGS.sequentialIdle),
    [FLAGS.actionsCenter]: organisationFlags.has(FLAGS.actionsCenter),
  };
}
