import { z } from 'zod';
import { CONVERSATION_STATUSES } from '../domain/conversation.ts';
import { Problem, unknown } from './problem.ts';
import { operation } from './route.ts';
import { byId, id, readable, words } from './shapes.ts';

export const reply = operation({
  summary: "A person's own words to the customer, while a person has the conversation",
  params: byId,
  body: z.strictObject({ text: readable(words(4000)) }),
  status: 202,
  answer: z.strictObject({
    message_id: id.meta({ description: 'Of the transcript, where its state shows how far it got' }),
    epoch: z.int(),
    status: z.enum(CONVERSATION_STATUSES),
  }),
  also: [409],
  async run({ caller, params, body }, { inbox, conversations, clock }) {
    const result = await inbox.reply(caller, params.id, body.text, clock.now());
    if (result.kind === 'unknown') throw unknown('conversation');
    if (result.kind === 'lost')
      throw new Problem(409, `The conversation is ${result.status}; take it over before you answer.`, {
        extra: { owner: result.owner, conversation_status: result.status },
      });
    conversations.signalSoon(result.signal);
    return { message_id: result.messageId, epoch: result.epoch, status: 'assigned' as const };
  },
});
