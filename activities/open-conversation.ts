import type { ConversationRef } from '../contract/conversation.ts';
import type { ActivityPorts, OpenCall } from './ports.ts';
import { turnSettings } from './turn-settings.ts';

/** Reads what a new run must know, so that turn numbers never restart. Null: the conversation was erased. */
export function makeOpenConversation({ transcript }: Pick<ActivityPorts, 'transcript'>) {
  return async (ref: ConversationRef) => {
    const opened = await transcript.open(ref);
    if (opened === null) return null;
    const {
      settings: _s,
      externalActions: _e,
      sequentialIdle: _i,
      lastCustomerAt: _l,
      openCall,
      watch,
      ...rest
    } = opened;
    const read = turnSettings(opened);
    return {
      ...rest,
      settings: read,
      openCall: openCall && stillOpen(openCall, read.confirmMs),
      watch: watch && { ...watch, since: watch.since.getTime() },
    };
  };
}

function stillOpen({ askedAt, ...call }: OpenCall, confirmMs: number) {
  return { ...call, due: askedAt + confirmMs };
}
