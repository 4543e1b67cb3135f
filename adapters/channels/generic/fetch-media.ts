import { download, refused } from '../../egress/download.ts';
import type { DownloadParts } from '../../egress/download.ts';
import type { Fetcher } from '../fetcher.ts';

/** The address that the message named; a tenant chose it, so it is called like every address of theirs (EXT-6). */
export function genericFetcher(parts: DownloadParts): Fetcher {
  return ({ url }, _integration, signal) =>
    url === undefined ? Promise.resolve(refused('gone')) : download(parts, url, {}, signal);
}
