/**
 * What is wrong with a webhook's address as a template; null: nothing. No value may choose scheme, host or port
 * (EXT-6); whether the host may be called is judged when it is.
 */
export function addressProblem(url: string): string | null {
  const example = url.replaceAll(/\{\{[^{}]*\}\}/g, 'x');
  // URL parsers drop some of these and read others as slashes: what we judged would not be what is called.
  if (/[\s\\\p{Cc}]/u.test(example)) return 'holds white space, a control character or a backslash';
  const [, authority = '', rest = ''] = /^https?:\/\/([^/?#]*)(.*)$/i.exec(url) ?? [];
  if (authority === '' || !URL.canParse(example)) return 'is not an absolute http or https address';
  if (/[{}]/.test(authority)) return 'has a placeholder before its path';
  if (authority.includes('@')) return 'holds a user name or password';
  if (rest.includes('#')) return 'has a fragment, which is never sent';
  if (/[{}]/.test(example)) return 'has a placeholder that does not end';
  return null;
}
