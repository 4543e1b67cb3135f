import type { MediaSource } from '../../activities/ports.ts';
import type { ChannelKind } from '../../domain/channel.ts';
import { refused } from '../egress/download.ts';
import type { Fetcher } from './fetcher.ts';
import type { Integrations } from './integrations.ts';

/** The way to customers' files. A channel without a fetcher has its files from the customer at once, or never. */
export function openMediaSource(
  integrations: Integrations,
  fetchers: Partial<Record<ChannelKind, Fetcher>>,
): MediaSource {
  return {
    async fetch(place, content, signal) {
      const fetcher = fetchers[place.channel];
      if (fetcher === undefined) return refused('gone');
      const { organisationId, channelIntegrationId, integrationVersion } = place;
      const integration = await integrations.settingsOf(
        organisationId,
        channelIntegrationId,
        integrationVersion,
      );
      return integration === null ? refused('gone') : fetcher(content, integration, signal);
    },
  };
}
