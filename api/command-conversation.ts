import { z } from 'zod';
import { CONVERSATION_STATUSES } from '../domain/conversation.ts';
import type { Command } from './ports.ts';
import { Problem, unknown } from './problem.ts';
import { operation } from './route.ts';
import { byId, id } from './shapes.ts';

const standing = z.strictObject({
  owner: z.enum(['agent', 'operator']),
  epoch: z.int(),
  status: z.enum(CONVERSATION_STATUSES),
  in_flight: z.array(id).meta({ description: 'Messages of before that are still on the wire' }),
});

/** A person outranks the machine: decided by compare-and-set on the row, told to the workflow afterwards. */
function command(kind: Command, summary: string) {
  return operation({
    summary,
    params: byId,
    body: z.strictObject({}).optional(),
    status: 200,
    answer: standing,
    also: [409],
    async run({ caller, params }, { inbox, conversations, clock }) {
      const result = await inbox.command(caller, params.id, kind, clock.now());
      if (result.kind === 'unknown') throw unknown('conversation');
      if (result.kind === 'lost')
        throw new Problem(409, `The conversation is ${result.status}; the ${result.owner} has it.`, {
          extra: { owner: result.owner, conversation_status: result.status },
        });
      conversations.signalSoon(result.signal);
      const { owner, epoch, status, inFlight } = result;
      return { owner, epoch, status, in_flight: inFlight };
    },
  });
}

export const takeOver = command('take_over', 'A person takes the conversation; the agent falls silent');
export const handBack = command('hand_back', 'The agent gets the conversation back');
export const resolve = command('resolve', 'Ends the conversation; the next message opens it again');
