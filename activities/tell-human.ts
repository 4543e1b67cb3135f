import type { ConversationRef } from '../contract/conversation.ts';
import { ParleyFailure } from '../contract/failures.ts';
import { assigneeOf } from '../domain/escalation.ts';
import type { ActivityPorts, Briefing } from './ports.ts';

const CALL_MS = 5_000;
/** Slack takes more; nobody reads more. */
const LONGEST = 2_500;

/**
 * Writes to whoever is to be called: why, the last messages, a link (ESC-2). A member is told by the console, which
 * shows every escalated conversation. To be told twice is better than not at all, so what may have arrived is repeated.
 */
export function makeTellHuman({
  escalations,
  humans,
  conversationUrl,
}: Pick<ActivityPorts, 'escalations' | 'humans' | 'conversationUrl'>) {
  return async (ref: ConversationRef): Promise<{ told: boolean; code: string | null }> => {
    const briefing = await escalations.briefing(ref);
    const assignee = briefing === null || briefing.assignee === null ? null : assigneeOf(briefing.assignee);
    if (briefing === null || assignee?.kind !== 'slack') return { told: false, code: null };
    const text = briefed(briefing, conversationUrl(ref.conversationId));
    const outcome = await humans.notify(
      ref.organisationId,
      assignee.userId,
      { text },
      AbortSignal.timeout(CALL_MS),
    );
    switch (outcome.kind) {
      case 'sent':
        return { told: true, code: null };
      case 'failed':
        return { told: false, code: outcome.code };
      case 'unknown':
        throw new ParleyFailure('CALL_TRY_AGAIN');
      case 'try_again':
        throw new ParleyFailure('CALL_TRY_AGAIN', { retryAfterMs: outcome.afterMs ?? undefined });
    }
  };
}

function briefed({ reason, customerName, channel, recent }: Briefing, url: string): string {
  const lines = recent.map(({ from, text }) => `> ${from}: ${text.replaceAll('\n', ' ')}`).join('\n');
  const head = `A customer${customerName === null ? '' : ` (${customerName})`} on ${channel} needs a person: ${reason}`;
  const body = `${head}\n${lines}`.slice(0, LONGEST);
  return `${body}\n${url}`;
}
