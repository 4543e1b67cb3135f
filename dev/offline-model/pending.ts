import { normalised } from './words.ts';

/** What the product says waits for the customer, in its instructions: JSON behind the word "Waiting". */
export interface Waiting {
  action: string;
  /** The customer was asked for values; otherwise, whether to go ahead. */
  gathering: boolean;
  missing: string[];
}

const AGREES =
  /^[^\p{L}]*(?:yes|yeah|yep|sure|ok|okay|oke|go ahead|do it|please do|confirm(?:ed)?|correct|ya|iya|betul|benar|lanjut(?:kan)?|setuju|boleh|silakan|نعم|اجل|موافق|تمام|اكيد|تفضل|ايوه)(?!\p{L})/u;
const REFUSES =
  /^[^\p{L}]*(?:no|nope|don't|do not|not now|never ?mind|stop|tidak|nggak|gak|jangan|batal(?:kan)?(?: saja)?|لا|كلا|الغها)(?!\p{L})|^[^\p{L}]*(?:please )?cancel(?: (?:that|it|this))?[^\p{L}]*$/u;

export function waitingIn(system: string): Waiting | undefined {
  const listed = /^Waiting: (\{.*\})$/m.exec(system)?.[1];
  if (listed === undefined) return undefined;
  const { waiting_action, asked_for, missing } = JSON.parse(listed) as Record<string, unknown>;
  return {
    action: String(waiting_action),
    gathering: asked_for === 'missing values',
    missing: Array.isArray(missing) ? missing.map(String) : [],
  };
}

/** What was said to the question that is open; `gives`: it holds a value for what waits. */
export function pendingAnswer(text: string, gives: boolean): 'agrees' | 'refuses' | 'changes' | 'other' {
  const plain = normalised(text);
  if (AGREES.test(plain) && !gives) return 'agrees';
  if (gives) return 'changes';
  return REFUSES.test(plain) ? 'refuses' : 'other';
}

/** What the product tells its agent to say about an action, in the words of its system prompt. */
export interface Asking {
  ask?: { action: string; missing: string[] };
  confirm?: { action: string; again: boolean };
  declined?: string;
}

const QUOTED = '("(?:[^"\\\\]|\\\\.)*")';
const ASK = new RegExp(`^To do ${QUOTED} you still need from the customer: (\\[.*\\])\\.$`, 'm');
const CONFIRM = new RegExp(`^${QUOTED} was not done yet: it needs the customer's agreement\\.$`, 'm');
const AGAIN = /^The same was done before:/m;
const DECLINED = new RegExp(`^The customer said no to ${QUOTED}\\.`, 'm');

export function askingIn(system: string): Asking {
  const [, action, missing] = ASK.exec(system) ?? [];
  const confirm = CONFIRM.exec(system)?.[1];
  const declined = DECLINED.exec(system)?.[1];
  return {
    ...(action !== undefined &&
      missing !== undefined && { ask: { action: text(action), missing: prompts(missing) } }),
    ...(confirm !== undefined && { confirm: { action: text(confirm), again: AGAIN.test(system) } }),
    ...(declined !== undefined && { declined: text(declined) }),
  };
}

const text = (quoted: string): string => JSON.parse(quoted) as string;

function prompts(missing: string): string[] {
  const listed = JSON.parse(missing) as { name: string; prompt: string }[];
  return listed.map(({ name, prompt }) => prompt || name.replaceAll('_', ' '));
}
