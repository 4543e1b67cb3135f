/** The five core intents (INT-1): fixed; a builder can neither rename, remove nor add one. */
export const CORE_INTENTS = ['sales', 'support', 'general', 'technical', 'billing'] as const;
export type CoreIntent = (typeof CORE_INTENTS)[number];

export function isCoreIntent(value: unknown): value is CoreIntent {
  return CORE_INTENTS.some((intent) => intent === value);
}
