import type { ConversationRef } from '../contract/conversation.ts';
import type { ActivityPorts } from './ports.ts';
import { turnSettings } from './turn-settings.ts';

/** Reads what a new run must know, so that turn numbers never restart. Null: the conversation was erased. */
export function makeOpenConversation({ transcript }: Pick<ActivityPorts, 'transcript'>) {
  return async (ref: ConversationRef) => {
    const opened = await transcript.open(ref);
    if (opened === null) return null;
    const { settings, externalActions, channel, ...rest } = opened;
    return { ...rest, channel, settings: turnSettings(settings, externalActions) };
  };
}
