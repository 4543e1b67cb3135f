import type { ConversationRef } from '../contract/conversation.ts';
import { ParleyFailure } from '../contract/failures.ts';
import { inOneLine } from '../domain/one-line.ts';
import type { ActivityPorts, Briefing } from './ports.ts';

const CALL_MS = 5_000;
/** Slack takes more; nobody reads more. */
const LONGEST = 2_500;

/** A person is called, reminded, another than the one before, or the agent goes on without them. */
export type WhyTold = 'called' | 'waits' | 'rerouted' | 'given_back';

/**
 * Writes to whoever is to answer: why, the last messages, a link (ESC-2, ESC-6). Who is not known in Slack sees it on the
 * live stream. To be told twice is better than not at all, so what may have arrived is repeated.
 */
export function makeTellHuman({
  escalations,
  humans,
  conversationUrl,
}: Pick<ActivityPorts, 'escalations' | 'humans' | 'conversationUrl'>) {
  return async ({
    why = 'called',
    ...ref
  }: ConversationRef & { why?: WhyTold }): Promise<{ told: boolean; code: string | null }> => {
    const briefing = await escalations.briefing(ref);
    const userId = briefing?.holder ?? briefing?.assignee ?? null;
    if (briefing === null || userId === null) return { told: false, code: null };
    const text = briefed(briefing, why, conversationUrl(ref.conversationId));
    const outcome = await humans.notify(ref.organisationId, userId, { text }, AbortSignal.timeout(CALL_MS));
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

function briefed(briefing: Briefing, why: WhyTold, url: string): string {
  const lines = briefing.recent.map(({ from, text }) => `> ${from}: ${inOneLine(text)}`).join('\n');
  const body = `${headOf(briefing, why)}\n${lines}`.slice(0, LONGEST);
  return `${body}\n${url}`;
}

function headOf({ reason, customerName, channel, holder }: Briefing, why: WhyTold): string {
  const customer = `A customer${customerName === null ? '' : ` (${inOneLine(customerName)})`} on ${channel}`;
  switch (why) {
    case 'called':
      return `${customer} needs a person: ${inOneLine(reason)}`;
    case 'waits':
      return `${customer} still waits for an answer`;
    case 'rerouted':
      return `${customer} still waits for an answer, and ${holder === null ? 'was given to somebody else' : 'is yours now'}`;
    case 'given_back':
      return `${customer} was not answered in time: the agent goes on`;
  }
}
