/** Somebody's words where lines are ours: they begin none of their own, which could pass for one of ours. */
export function inOneLine(text: string): string {
  return text.replaceAll(/\s*[\n\r\v\f\u0085\u2028\u2029]\s*/g, ' ');
}
