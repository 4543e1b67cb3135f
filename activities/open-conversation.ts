import type { ConversationRef, Silence } from '../contract/conversation.ts';
import { idleHours } from '../domain/idle-sequence.ts';
import type { ActivityPorts, OpenCall, OpenedConversation } from './ports.ts';
import { idleMs, turnSettings } from './turn-settings.ts';

/** Reads what a new run must know, so that turn numbers never restart. Null: the conversation was erased. */
export function makeOpenConversation({ transcript }: Pick<ActivityPorts, 'transcript'>) {
  return async (ref: ConversationRef) => {
    const opened = await transcript.open(ref);
    if (opened === null) return null;
    const {
      settings: _s,
      externalActions: _e,
      idleSteps: _i,
      answeredBy: _b,
      lastCustomerAt: _l,
      silence: _q,
      openCall,
      watch,
      ...rest
    } = opened;
    const read = turnSettings(opened);
    const lost = lostSilence(opened);
    return {
      ...rest,
      settings: lost === null ? read : { ...read, idleMs: lost.waits },
      openCall: openCall && stillOpen(openCall, read.confirmMs),
      silence: lost?.silence ?? null,
      watch: watch && { ...watch, since: watch.since.getTime() },
    };
  };
}

function stillOpen({ askedAt, ...call }: OpenCall, confirmMs: number) {
  return { ...call, due: askedAt + confirmMs };
}

/** Of a silence that an earlier run held: when its step is due. */
function lostSilence(opened: OpenedConversation): { silence: Silence; waits: number[] } | null {
  if (opened.silence === null) return null;
  const { began, since, withPerson, ...held } = opened.silence;
  const hours = idleHours(opened.settings, opened.answeredBy);
  const waits = idleMs({ ...opened, hours, since: began });
  const wait = waits[held.step];
  const from = since.getTime();
  const due = wait === undefined ? null : from + wait;
  return { waits, silence: { ...held, since: from, due, ...(withPerson ? { withPerson } : {}) } };
}
