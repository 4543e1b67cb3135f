import { BUILT_IN_VARIABLES } from '../../domain/external-action.ts';
import type { Json } from '../../domain/external-action.ts';
import { placeholdersOf } from '../../domain/template.ts';
import type { Values } from '../../domain/template.ts';
import type { Situation } from './tool.ts';

/** The newest record of each kind that the conversation made itself. */
export const OWN_RECORDS = ['deal_id', 'ticket_id'] as const;

/**
 * Which placeholders a field takes. Ids take none that a customer's words could come through: a foreign record must not
 * be named by writing its number into the chat.
 */
export type Allowed = 'all' | 'none' | 'header' | 'own_deal' | 'own_ticket';

const ALLOWED: Readonly<Record<Allowed, readonly string[]>> = {
  all: [...BUILT_IN_VARIABLES, ...OWN_RECORDS],
  none: [],
  header: ['conversation_id', 'channel', ...OWN_RECORDS],
  own_deal: ['deal_id'],
  own_ticket: ['ticket_id'],
};

/** What is wrong with the placeholders of a builder's value, or null. `more` are names of the tool's own. */
export function wrongPlaceholder(value: Json, allowed: Allowed, more: readonly string[] = []): string | null {
  if (hasLooseBraces(value)) return 'has a placeholder that is not closed, or has no name';
  const names: readonly string[] = [...ALLOWED[allowed], ...more];
  const wrong = placeholdersOf(value).find((name) => !names.includes(name));
  if (wrong === undefined) return null;
  const known = names.map((name) => `{{${name}}}`).join(', ');
  return known === ''
    ? 'takes no placeholder'
    : `has a placeholder that is not known here; there are ${known}`;
}

/** The conversation's values, and its own newest records; what is not there stands for nothing. */
export function valuesIn({ placeholders, context }: Situation): Values {
  const {
    deals: [deal],
    tickets: [ticket],
  } = context.ownRecords;
  return {
    ...placeholders,
    ...(deal === undefined ? {} : { deal_id: deal }),
    ...(ticket === undefined ? {} : { ticket_id: ticket }),
  };
}

/** Braces that no placeholder explains would go out as they are. */
function hasLooseBraces(value: Json): boolean {
  if (typeof value === 'string') return /\{\{|\}\}/.test(value.replace(/\{\{\s*[^{}\s][^{}]*\}\}/g, ''));
  if (value === null || typeof value !== 'object') return false;
  return Object.values(value).some(hasLooseBraces);
}
