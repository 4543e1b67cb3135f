import type { ConversationRef } from '../contract/conversation.ts';
import { escalationFacts, firstMatch } from '../domain/escalation.ts';
import { fillNotice } from '../domain/escalation-notices.ts';
import { isOpen, nextOpening } from '../domain/business-hours.ts';
import type { CoreIntent } from '../domain/intents.ts';
import { describeContent } from '../domain/message.ts';
import type { ActivityPorts, TakenTurn } from './ports.ts';

type Taken = Extract<TakenTurn, { kind: 'taken' }>;

/** What was understood of the turn's messages. */
export interface Heard {
  coreIntent: CoreIntent | null;
  /** The customer asked for a person. */
  wantsHuman: boolean;
}

/** The rule of a customer who asks for a person in plain words, where the agent has that on. */
const ASKED_FOR_PERSON = { name: 'asked_for_a_person', reason: 'The customer asked for a person.' };

/**
 * Why a person is to be called in place of the agent's answer (ESC-1); null: the answer goes out. Where nobody answered
 * the last call, what led to it is no reason for another (ESC-6).
 */
function escalationOf(
  taken: Taken,
  { coreIntent, wantsHuman }: Heard,
): { name: string; reason: string } | null {
  const { wentOn } = taken;
  const recent = taken.history.filter(({ at }) => wentOn === null || at > wentOn.at);
  const facts = escalationFacts({
    texts: taken.messages.map(({ content }) => describeContent(content)),
    recent: recent.map(({ content }) => describeContent(content)),
    channel: taken.channel,
    turn: taken.turn - (wentOn?.turn ?? 0),
    coreIntent,
    wantsHuman,
    customerName: taken.contact.name,
  });
  const { escalationRules, naturalLanguageEscalation } = taken.settings;
  const asked = naturalLanguageEscalation && wantsHuman ? ASKED_FOR_PERSON : null;
  return firstMatch(escalationRules, facts) ?? asked;
}

/** The rule that calls a person now, before the answer, or a question, is sent or remembered (ESC-1, ESC-3); its name. */
export async function escalating(
  { escalations, clock }: Pick<ActivityPorts, 'escalations' | 'clock'>,
  ref: ConversationRef,
  taken: Taken,
  { turn, ...heard }: { turn: number } & Heard,
): Promise<string | null> {
  const match = escalationOf(taken, heard);
  if (match === null) return null;
  if (taken.settings.escalationAssignee !== null) return match.name;
  await escalations.noteNobody(ref, { turn, rule: match.name }, clock.now());
  return null;
}

/** A reply that stands already may be the notice of a rule, whose person is called once it is sent (ESC-2). */
export function calling(rule: string | null): { escalates?: string } {
  return rule === null ? {} : { escalates: rule };
}

/** The reason that a rule's name stands for in the agent's settings; names travel, words stay here. */
export function reasonOf(rule: string, settings: Taken['settings']): string {
  if (rule === ASKED_FOR_PERSON.name) return ASKED_FOR_PERSON.reason;
  const found = settings.escalationRules.find(({ name }) => name === rule);
  return found?.reason?.trim() || found?.condition || rule;
}

/** What the customer is told, truthfully: whether anybody is there, and if not, when (ESC-7). */
export async function calledNotice(
  { escalations, clock }: Pick<ActivityPorts, 'escalations' | 'clock'>,
  organisationId: string,
  { settings, contact }: Pick<Taken, 'settings' | 'contact'>,
): Promise<string> {
  const { businessHours: hours, escalationNotices: notices } = settings;
  const now = clock.now();
  if (hours !== null && !isOpen(hours, now)) {
    const opening = nextOpening(hours, now);
    if (opening !== null)
      return fillNotice(notices.closed, {
        customerName: contact.name,
        nextOpening: whenIn(hours.timeZone, opening),
      });
  }
  const online = await escalations.anyoneOnline(organisationId);
  return fillNotice(online ? notices.called : notices.nobodyOnline, { customerName: contact.name });
}

/** Said when the customer writes on and nobody has the conversation yet. */
export function waitingNotice({ settings, contact }: Pick<Taken, 'settings' | 'contact'>): string {
  return fillNotice(settings.escalationNotices.waiting, { customerName: contact.name });
}

function whenIn(timeZone: string, at: Date): string {
  return new Intl.DateTimeFormat('en-GB', { timeZone, dateStyle: 'full', timeStyle: 'short' }).format(at);
}
