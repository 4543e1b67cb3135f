import { message } from './field.ts';
import { actsOnRoom } from './room-tool.ts';

export const roomResolve = actsOnRoom({
  nodeType: 'qontak_chat_room_resolve',
  label: 'Resolve conversation',
  description: 'Closes this conversation, when all that the customer wanted is done.',
  fields: [message('closing_message', 'A last message to the customer')],
  act: (rooms, ref, values, now) => {
    const closing = values['closing_message'];
    return rooms.resolve(ref, { message: typeof closing === 'string' ? closing : null }, now);
  },
  result: () => ({ resolved: true }),
});
