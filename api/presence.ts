import { z } from 'zod';
import { capacity } from './members.ts';
import { Problem } from './problem.ts';
import { operation } from './route.ts';
import { id } from './shapes.ts';

const presence = z.strictObject({
  online: z.boolean(),
  capacity,
  open: z.int().meta({ description: 'Conversations the member has' }),
});

export const readPresence = operation({
  summary: 'Whether I am there, and how much I have',
  status: 200,
  answer: presence,
  also: [409],
  async run({ caller }, { people }) {
    return ofMember(await people.presence(caller));
  },
});

export const setPresence = operation({
  summary: 'Says that I am there or away; who comes is given what waits, as far as their capacity reaches',
  body: z.strictObject({ online: z.boolean(), capacity: capacity.optional() }),
  status: 200,
  answer: presence.extend({ assigned: z.array(id).meta({ description: 'Conversations given just now' }) }),
  also: [409],
  async run({ caller, body }, { people, conversations }) {
    const { assigned, ...now } = ofMember(await people.setPresence(caller, body));
    for (const signal of assigned) conversations.signalSoon(signal);
    return { ...now, assigned: assigned.map(({ ref }) => ref.conversationId) };
  },
});

function ofMember<T>(answer: T | null): T {
  if (answer !== null) return answer;
  throw new Problem(409, 'This key belongs to no member: make one with member_id and use that.');
}
