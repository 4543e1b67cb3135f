import { z } from 'zod';
import { operation } from './route.ts';
import { id, pageOf, pageQuery, time, toPage, toPageQuery } from './shapes.ts';

const event = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    conversation_id: id.nullable(),
    properties: z.record(z.string(), z.unknown()),
    at: time,
  })
  .meta({ id: 'Event' });

const auditEntry = z
  .strictObject({
    id: z.string(),
    actor: z.string(),
    action: z.string(),
    subject: z.string().nullable(),
    detail: z.record(z.string(), z.unknown()),
    from: z.string().nullable().meta({ description: 'Address of the peer' }),
    at: time,
  })
  .meta({ id: 'AuditEntry' });

export const listEvents = operation({
  summary: 'What happened, newest first',
  query: pageQuery.extend({
    conversation: id.optional(),
    name: z.string().min(1).max(100).optional().meta({ description: 'Only events of this name' }),
  }),
  status: 200,
  answer: pageOf(event),
  async run({ caller, query }, { readers }) {
    const { conversation, name } = query;
    const page = await readers.events(caller, { conversation, name }, toPageQuery(query));
    return toPage(page, ({ conversationId, at, ...same }) => ({
      ...same,
      conversation_id: conversationId,
      at: at.toISOString(),
    }));
  },
});

export const listAudit = operation({
  summary: 'Who changed or decided what, newest first',
  query: pageQuery,
  status: 200,
  answer: pageOf(auditEntry),
  async run({ caller, query }, { readers }) {
    const page = await readers.audit(caller, toPageQuery(query));
    return toPage(page, ({ at, ...same }) => ({ ...same, at: at.toISOString() }));
  },
});
