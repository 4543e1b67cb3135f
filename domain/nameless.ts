/** Blanks before the place, and the comma of who is called by name, where nothing but a mark follows. */
const CALLED = /[\s,،、]*\{\{\s*customer_name\s*\}\}(?=\s*(?:[,،、.;:!?؟。！？]|$))/g;
const ELSEWHERE = /\s*\{\{\s*customer_name\s*\}\}/g;

/** A message to a customer whose name nobody knows: its place is left out, and no mark stays behind without a word. */
export function nameless(message: string): string {
  const without = message.replace(CALLED, '').replace(ELSEWHERE, '');
  return without === message ? message : without.replace(/^[\s,،、;:!.]+/, '');
}
