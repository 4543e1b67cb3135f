import type { ConversationRef } from '../contract/conversation.ts';
import type { ActivityPorts } from './ports.ts';

/** Whether Postgres agrees that the conversation is over. Null: it was erased. */
export function makeConfirmClose({ transcript }: Pick<ActivityPorts, 'transcript'>) {
  return async (ref: ConversationRef) => {
    const opened = await transcript.open(ref);
    return opened === null ? null : { epoch: opened.epoch, owner: opened.owner, resolved: opened.resolved };
  };
}
