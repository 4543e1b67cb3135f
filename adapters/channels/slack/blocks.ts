import type { KnownBlock } from '@slack/web-api';
import { asId, asObjects } from './loose-json.ts';

/** Slack's limit for the text of one section, in characters. */
const LONGEST_SECTION = 3000;
/** All blocks of a message together; Slack names no limit and refuses from about 13,000 on. */
const LONGEST_MESSAGE = 12_000;
const PLACEHOLDER = 'parley-placeholder:';
const OURS = /^parley-(placeholder|approval):([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/**
 * A message's text as sections, which, unlike plain text, shows no "(edited)" when it replaces a placeholder. Markup beyond
 * Slack's limit is cut at a space and ends in an ellipsis. `id` comes back to us in the block of every event.
 */
export function sectionsOf(markup: string, id: string): KnownBlock[] {
  return piecesOf(markup).map((text, index) => ({
    type: 'section',
    block_id: index === 0 ? id : `${id}#${index + 1}`,
    text: { type: 'mrkdwn', text, verbatim: true },
  }));
}

/** What stands for the whole where there is no room for blocks: notifications, lists, screen readers. */
export function summaryOf(markup: string): string {
  return piecesOf(markup)[0] ?? '';
}

export function placeholderBlockId(placeholderId: string): string {
  return `${PLACEHOLDER}${placeholderId}`;
}

/** What a message of ours was posted as, where that is to be known again; null for every other message. */
export function postedAsIn(blocks: unknown): { placeholderId: string } | { approvalId: string } | null {
  const [, kind, id] = OURS.exec(asId(asObjects(blocks)[0]?.['block_id']) ?? '') ?? [];
  if (id === undefined) return null;
  return kind === 'placeholder' ? { placeholderId: id } : { approvalId: id };
}

function piecesOf(markup: string): string[] {
  const pieces: string[] = [];
  let rest = markup.length > LONGEST_MESSAGE ? `${cut(markup, LONGEST_MESSAGE - 1)}…` : markup;
  while (rest.length > LONGEST_SECTION) {
    const piece = cut(rest, LONGEST_SECTION);
    pieces.push(piece);
    rest = rest.slice(piece.length).trimStart();
  }
  return rest === '' ? pieces : [...pieces, rest];
}

/** The longest beginning within `limit` that ends before white space or, in want of that, halves no character. */
function cut(text: string, limit: number): string {
  const room = text.slice(0, limit + 1);
  const space = room.search(/\s\S*$/);
  if (space > limit - 500) return room.slice(0, space);
  // Neither the two halves of a character outside the basic plane nor an escaped one may be torn apart.
  return text
    .slice(0, limit)
    .replace(/[\ud800-\udbff]$/, '')
    .replace(/&[a-z]{0,3}$/, '');
}
