import type { FieldProblem } from './field-problem.ts';
import { textProblem } from './field-problem.ts';
import { nameless } from './nameless.ts';
import { fillText, placeholdersOf } from './template.ts';

/** What the customer is told while a person is called (ESC-2, ESC-3, ESC-6, ESC-7). All may hold {{customer_name}}. */
export interface EscalationNotices {
  /** A person was called; in place of the agent's answer. */
  called: string;
  /** The customer writes on and nobody has the conversation yet; once in each quiet period. */
  waiting: string;
  /** Called outside the business hours; {{next_opening}} is when they begin. */
  closed: string;
  /** Called within the hours, and nobody is there. */
  nobodyOnline: string;
  /** Nobody answered in time, and the agent goes on. */
  offer: string;
}

export const DEFAULT_ESCALATION_NOTICES: EscalationNotices = {
  called: 'I have called a team member, who will continue with you here.',
  waiting: 'A team member has been called and will continue with you here. Your message has been passed on.',
  closed: 'Our team is not available right now. A team member will answer you after {{next_opening}}.',
  nobodyOnline:
    'All team members are away at the moment. Your request is waiting for the first one who is back.',
  offer:
    'Sorry, nobody of our team could answer yet. If you like, I can go on helping you here; the team can still see your request.',
};

/** A notice as the customer reads it. */
export function fillNotice(
  notice: string,
  { customerName, nextOpening = null }: { customerName: string | null; nextOpening?: string | null },
): string {
  const name = customerName?.trim() ?? '';
  const values = { customer_name: name, next_opening: nextOpening ?? '' };
  return fillText(name === '' ? nameless(notice) : notice, values).value.trim();
}

const LONGEST_NOTICE = 2_000;

/** All that is wrong with notices that are to be saved; those that are left out have their defaults. */
export function escalationNoticeProblems(notices: Partial<EscalationNotices>): FieldProblem[] {
  return Object.entries(notices).flatMap(([field, text]) => {
    const wrong = textProblem(text, LONGEST_NOTICE);
    if (wrong !== null) return [{ field, message: wrong }];
    const known = field === 'closed' ? ['customer_name', 'next_opening'] : ['customer_name'];
    const strange = placeholdersOf(text).some((name) => !known.includes(name));
    const message = `may hold no other placeholder than ${known.map((name) => `{{${name}}}`).join(', ')}`;
    return strange ? [{ field, message }] : [];
  });
}
