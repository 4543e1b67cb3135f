import { download, refused } from '../../egress/download.ts';
import type { DownloadParts } from '../../egress/download.ts';
import type { Fetcher } from '../fetcher.ts';

/** Slack's own places for files; those of an enterprise or a government lie below the same names. */
const SLACK = /(^|\.)(slack\.com|slack-files\.com|slack-edge\.com|slack-gov\.com)$/;

/**
 * `url_private` opens with the bot's token, which needs the scope `files:read`. A file that only stands in Slack and lies
 * with somebody else is not fetched: the token is for Slack alone.
 * https://docs.slack.dev/reference/objects/file-object
 */
export function slackFetcher(parts: DownloadParts & { apiUrl: string }): Fetcher {
  return async ({ url }, { secrets }, signal) => {
    const token = secrets['bot_token'];
    if (url === undefined) return refused('gone');
    if (!token || !isSlacks(url, parts.apiUrl)) return refused('forbidden');
    return download(parts, url, { authorization: `Bearer ${token}` }, signal);
  };
}

function isSlacks(url: string, apiUrl: string): boolean {
  if (!URL.canParse(url)) return false;
  const { origin, protocol, hostname } = new URL(url);
  return origin === new URL(apiUrl).origin || (protocol === 'https:' && SLACK.test(hostname));
}
