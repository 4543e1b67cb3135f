import { z } from 'zod';
import type { AssignTo } from '../domain/assignment.ts';
import { Problem, unknown } from './problem.ts';
import { operation } from './route.ts';
import { byId, id, time } from './shapes.ts';

const chosen = z.string().max(64).optional();

/** Which field names to whom, by the kind of assignment. */
const NAMED_IN = { auto: null, division: 'division_id', agent: 'operator_id' } as const;

/** The words of the room tool (QACT-S05 ERR-2). */
const ID_REQUIRED = 'Division/Agent ID required';

const body = z
  .strictObject({
    assign_type: z.enum(['auto', 'division', 'agent']).meta({
      description: 'auto: whoever is free; division: somebody of it; agent: the operator who is named',
    }),
    division_id: chosen,
    operator_id: chosen,
  })
  .superRefine((asked, context) => {
    const field = NAMED_IN[asked.assign_type];
    if (field === null || (asked[field] ?? '').trim() !== '') return;
    context.addIssue({ code: 'custom', path: [field], message: ID_REQUIRED });
  });

const REFUSED = {
  division_not_found: { field: 'division_id', message: 'names a division that does not exist' },
  operator_not_found: { field: 'operator_id', message: 'names no operator' },
};

export const assign = operation({
  summary: 'Gives the conversation to a person, or a queue where nobody is there; the agent falls silent',
  params: byId,
  body,
  status: 200,
  answer: z.strictObject({
    owner: z.literal('operator'),
    epoch: z.int(),
    assignee: id.nullable(),
    queue: z.strictObject({ division_id: id.nullable(), since: time }).nullable(),
  }),
  also: [409],
  async run({ caller, params, body }, { inbox, conversations, clock }) {
    const result = await inbox.assign(caller, params.id, assignTo(body), clock.now());
    switch (result.kind) {
      case 'unknown':
        throw unknown('conversation');
      case 'resolved':
        throw new Problem(409, 'The conversation is resolved.', {
          extra: { owner: result.owner, conversation_status: 'resolved' },
        });
      case 'refused':
        throw new Problem(422, 'Some fields are not valid.', { errors: [REFUSED[result.code]] });
      case 'done': {
        conversations.signalSoon(result.signal);
        const { epoch, assignee, queue } = result;
        const waits = queue && { division_id: queue.divisionId, since: queue.since.toISOString() };
        return { owner: 'operator' as const, epoch, assignee, queue: waits };
      }
    }
  },
});

function assignTo({ assign_type, division_id = '', operator_id = '' }: z.output<typeof body>): AssignTo {
  switch (assign_type) {
    case 'auto':
      return { type: 'auto' };
    case 'division':
      return { type: 'division', divisionId: division_id };
    case 'agent':
      return { type: 'agent', operatorId: operator_id };
  }
}
