import type { ConversationRef } from '../contract/conversation.ts';
import { turnCause } from '../contract/ids.ts';
import { DEFAULT_EXTERNAL_ACTION } from '../domain/external-action.ts';
import { confirmationText } from '../domain/outcome-message.ts';
import { actionOf, valuesOf } from './call-external-action.ts';
import type { ComposeVerdict } from './compose-reply.ts';
import { calledNotice, calling, escalating } from './escalation.ts';
import type { Heard } from './escalation.ts';
import type { ActivityPorts, Call, ExternalActionVersion } from './ports.ts';
import { standingReply } from './standing-reply.ts';
import { turnSettings } from './turn-settings.ts';

export type ConfirmationVerdict =
  | Extract<ComposeVerdict, { kind: 'planned' | 'nothing' }>
  /** The builder wrote no text for this: the agent words the question itself. */
  | { kind: 'in_own_words' };

/** Plans the builder's question before an external action (EXT-4), where the builder wrote one and no person is called. */
export function makePlanConfirmation(ports: ActivityPorts) {
  return async ({
    turn,
    callId,
    coreIntent,
    wantsHuman,
    ...ref
  }: ConversationRef & { turn: number; callId: string } & Heard): Promise<ConfirmationVerdict> => {
    const now = ports.clock.now();
    const call = await ports.calls.read({ organisationId: ref.organisationId, callId });
    const action = call === null ? null : await actionOf(ports, ref, call);
    if (call === null || action === null || !hasQuestion(action, call)) return { kind: 'in_own_words' };
    const taken = await ports.transcript.take(ref, turn, now, { grow: false });
    if (taken.kind === 'nothing') return taken;
    if (taken.plannedAlready) return standingReply(taken);
    const { channel, contact } = taken;
    const values = valuesOf(call, {
      channel,
      contact: { ...contact, id: null },
      conversationId: ref.conversationId,
    });
    const rule = await escalating(ports, ref, taken, { turn, coreIntent, wantsHuman });
    const reply = {
      turn,
      cause: turnCause(turn),
      ...(rule === null
        ? { kind: 'confirmation' as const, text: confirmationText(action, values).text }
        : { kind: 'notice' as const, text: await calledNotice(ports, ref.organisationId, taken) }),
      epoch: taken.epoch,
      answersSeq: taken.lastSeq,
      inReplyTo: taken.messages.map((message) => message.providerMessageId),
      ...calling(rule),
    };
    await ports.transcript.plan(ref, reply, null, now);
    const settings = turnSettings(taken);
    return { kind: 'planned', answersSeq: taken.lastSeq, settings, summaryDue: false, ...calling(rule) };
  };
}

/** Asking whether to do it once more is not what a builder's text says; the default one knows one language only. */
function hasQuestion({ confirmationMessage }: ExternalActionVersion, { reason }: Call): boolean {
  return reason !== 'made_before' && confirmationMessage !== DEFAULT_EXTERNAL_ACTION.confirmationMessage;
}
