import { z } from 'zod';
import type { Assignment } from '../ports/rooms.ts';
import type { CrmRecord } from './crm-body.ts';
import { isBlank, message } from './field.ts';
import type { Field } from './field.ts';
import { refused } from './fields.ts';
import { actsOnRoom } from './room-tool.ts';

/** The source document's own words (QACT-S05 ERR-2). */
const ID_REQUIRED = 'Division/Agent ID required';

const TYPES = ['auto', 'division', 'agent'] as const;

function memberId(name: string, description: string): Field {
  const id = z.guid('is not an id');
  return { name, description, required: false, fixed: id, placeholders: 'none', open: z.string().max(64) };
}

export const roomAssign = actsOnRoom({
  nodeType: 'qontak_chat_room_assign',
  label: 'Assign agent',
  description: 'Hands this conversation over to a person. From then on that person answers.',
  fields: [
    {
      name: 'assign_type',
      description:
        'auto: whoever is free; division: somebody of the division division_id; agent: the operator agent_id',
      required: true,
      fixed: z.enum(TYPES),
      placeholders: 'none',
      open: z.enum(TYPES),
    },
    memberId('division_id', 'Id of the division, where assign_type is division'),
    memberId('agent_id', 'Id of the operator, where assign_type is agent'),
    message('closing_message', 'A last message to the customer before the hand-over'),
  ],
  problemsBetween(builders) {
    const needed = idFieldOf(builders['assign_type']);
    return needed !== null && isBlank(builders[needed]) ? [{ field: needed, message: ID_REQUIRED }] : [];
  },
  // Where the builder said how to assign, nobody else says to whom.
  closed: (builders) => (isBlank(builders['assign_type']) ? [] : ['division_id', 'agent_id']),
  refusalOf(values) {
    const needed = idFieldOf(values['assign_type']);
    return needed !== null && isBlank(values[needed]) ? refused('id_required', ID_REQUIRED) : null;
  },
  act: (rooms, ref, values, now) => rooms.assign(ref, assignmentOf(values), now),
  result: ({ operatorId, queued }) => ({ assigned: operatorId !== null, waiting_in_queue: queued }),
});

function idFieldOf(type: unknown): 'division_id' | 'agent_id' | null {
  if (type === 'division') return 'division_id';
  return type === 'agent' ? 'agent_id' : null;
}

function assignmentOf(values: CrmRecord): Assignment {
  const text = (name: string) => (typeof values[name] === 'string' ? values[name] : null);
  const closingMessage = text('closing_message');
  switch (values['assign_type']) {
    case 'division':
      return { type: 'division', divisionId: text('division_id') ?? '', closingMessage };
    case 'agent':
      return { type: 'agent', operatorId: text('agent_id') ?? '', closingMessage };
    default:
      return { type: 'auto', closingMessage };
  }
}
