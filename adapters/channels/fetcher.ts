import type { FetchedMedia } from '../../activities/ports.ts';
import type { MediaContent } from '../../domain/message.ts';
import type { IntegrationSettings } from './integrations.ts';

/** Gets one file from a provider, once. Resolves for whatever the provider or the network does. */
export type Fetcher = (
  content: MediaContent,
  integration: IntegrationSettings,
  signal: AbortSignal,
) => Promise<FetchedMedia>;
