import type { ConversationRef } from '../contract/conversation.ts';
import { noticeCause } from '../contract/ids.ts';
import { calledNotice, reasonOf } from './escalation.ts';
import type { ActivityPorts } from './ports.ts';

export interface EscalatedVerdict {
  /** As long as the conversation has it, it is escalated. */
  epoch: number;
  /** The notice that a person is called, still to be sent; null where the turn's message has told it. */
  noticeCause: string | null;
  /** A person has taken it over since the customer heard of a call: nobody is called any more, and they are looked after. */
  takenOver?: true;
}

/**
 * The turn's message is out: the conversation is marked, and whoever looks sees it (ESC-2). Where that message told
 * something else that is true and done, how a call ended or that the model has failed, the notice follows it. Null: it
 * is over, or a person had it since.
 */
export function makeEscalate(ports: Pick<ActivityPorts, 'escalations' | 'transcript' | 'calls' | 'clock'>) {
  const { escalations, transcript, clock } = ports;
  return async ({
    turn,
    rule,
    ...ref
  }: ConversationRef & { turn: number; rule: string }): Promise<EscalatedVerdict | null> => {
    const opened = await transcript.open(ref);
    if (opened === null) return null;
    const { settings, answeredSeq } = opened;
    const why = { turn, rule, reason: reasonOf(rule, settings), assignee: settings.escalationAssignee };
    const escalated = await escalations.escalate(ref, why, clock.now());
    if (escalated === null) {
      const epoch = await escalations.takenOverSince(ref, turn);
      return epoch === null ? null : { epoch, noticeCause: null, takenOver: true };
    }
    const { epoch, told } = escalated;
    if (told) return { epoch, noticeCause: null };
    const { contact } = await ports.calls.context(ref);
    const notice = {
      turn,
      cause: noticeCause('called', epoch),
      kind: 'notice' as const,
      text: await calledNotice(ports, ref.organisationId, { settings, contact }),
      epoch,
      answersSeq: answeredSeq,
      inReplyTo: [],
    };
    await transcript.plan(ref, notice, null, clock.now());
    return { epoch, noticeCause: notice.cause };
  };
}
