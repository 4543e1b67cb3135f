/** What is wrong with one field of a setting: where, by a dotted path, and what, never the value. */
export interface FieldProblem {
  field: string;
  message: string;
}

// NUL, and half of a surrogate pair: Postgres keeps neither.
const UNSTORABLE = /[\0\p{Surrogate}]/u;

/** What is wrong with a text that people are to read, or null. Its length is counted in characters, not in bytes. */
export function textProblem(text: string, maxCharacters: number): string | null {
  if (text.trim() === '') return 'is empty';
  if ([...text].length > maxCharacters) return `must be at most ${maxCharacters} characters`;
  return UNSTORABLE.test(text) ? 'holds a character that cannot be stored' : null;
}
