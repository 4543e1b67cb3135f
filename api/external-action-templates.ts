import { z } from 'zod';
import { EXTERNAL_ACTION_TEMPLATES } from '../domain/external-action-templates.ts';
import { toFields } from './external-action-wire.ts';
import { operation } from './route.ts';

const template = z
  .strictObject({
    id: z.string(),
    title: z.string(),
    instructions: z.string(),
    action: z
      .record(z.string(), z.unknown())
      .meta({ description: 'Fields of an external action; channel_integration and secrets are to be added' }),
  })
  .meta({ id: 'ExternalActionTemplate' });

export const listExternalActionTemplates = operation({
  summary: 'External actions to start from: Zapier, n8n, Make',
  status: 200,
  answer: z.strictObject({ data: z.array(template), next_cursor: z.null() }),
  run() {
    const data = EXTERNAL_ACTION_TEMPLATES.map(({ action, ...same }) => ({
      ...same,
      action: toFields(action),
    }));
    return Promise.resolve({ data, next_cursor: null });
  },
});
