/**
 * Between Slack's markup and plain text. In markup `&`, `<` and `>` are escaped, and what stands between angle brackets
 * is a link, a person, a channel or a call to everybody.
 * https://docs.slack.dev/messaging/formatting-message-text
 */
const LINK = /<([@#!][^<>]+|[a-z]+:[^<>]+)>/g;

/** A customer's words as they would read them. `without` is the user id of ours that they call upon. */
export function toPlainText(markup: string, without: string | null): string {
  const called =
    without === null ? markup : markup.replaceAll(new RegExp(`<@${without}(\\|[^<>]*)?>[ ,:]*`, 'g'), '');
  return unescape(called.replaceAll(LINK, (_, inner: string) => plainLink(inner))).trim();
}

function plainLink(inner: string): string {
  const bar = inner.indexOf('|');
  const target = bar === -1 ? inner : inner.slice(0, bar);
  const label = bar === -1 ? '' : inner.slice(bar + 1);
  if (target.startsWith('@') || target.startsWith('#'))
    return `${target[0]}${label.replace(/^[@#]/, '') || target.slice(1)}`;
  if (target.startsWith('!')) return label || `@${target.slice(1).split('^')[0]}`;
  const address = target.replace(/^(mailto|tel):/, '');
  return label === '' || label === address || target.endsWith(`//${label}`)
    ? address
    : `${label} (${address})`;
}

/** Words of ours, or of a model, as markup that shows them as they are and calls nobody. */
export function toMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function unescape(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
