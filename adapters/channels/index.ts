import type {
  Channels,
  Clock,
  Delivery,
  Humans,
  MediaSource,
  PlaceholderPosts,
  Placeholders,
  SendOutcome,
} from '../../activities/ports.ts';
import type { Asides, Receiver } from '../../api/ports.ts';
import type { ChannelKind } from '../../domain/channel.ts';
import { openEgress } from '../egress/egress.ts';
import type { Egress } from '../egress/egress.ts';
import { openMediaSource } from './media-source.ts';
import { genericFetcher } from './generic/fetch-media.ts';
import { genericSender } from './generic/send.ts';
import { rememberIntegrations } from './integrations.ts';
import type { Integrations, IntegrationSettings } from './integrations.ts';
import type { Sender } from './sender.ts';
import { slackAsides } from './slack/aside.ts';
import { slackHumans } from './slack/direct-message.ts';
import type { WorkspaceOf } from './slack/direct-message.ts';
import { slackFetcher } from './slack/fetch-media.ts';
import { clearPlaceholder, postPlaceholder } from './slack/placeholder.ts';
import { slackReceiver } from './slack/receive.ts';
import { slackSender } from './slack/send.ts';
import { openWebApi } from './slack/web-api.ts';
import { webchatSender } from './webchat/send.ts';
import { whatsappFetcher } from './whatsapp/fetch-media.ts';
import { whatsappReceiver } from './whatsapp/receive.ts';
import { whatsappSender } from './whatsapp/send.ts';

/** The longest one call to a provider takes; a ledgered send has 5 s in all (DESIGN section 3). */
const CALL_TIMEOUT_MS = 4500;

/** One file of a customer's; the turn waits for it. */
const FILE_TIMEOUT_MS = 15_000;

/**
 * How webhooks of a channel are checked and read. Generic messages come through an authenticated route and web
 * chat through the visitor's session, so neither has a receiver.
 */
export const receivers: Partial<Record<ChannelKind, Receiver>> = {
  whatsapp: whatsappReceiver,
  slack: slackReceiver,
};

export interface ChannelParts {
  integrations: Integrations;
  egress: Egress;
  whatsapp: { graphUrl: string };
  slack: { apiUrl: string };
  placeholders: Placeholders;
  workspaceOf: WorkspaceOf;
  clock: Clock;
  timeoutMs?: number;
  fileTimeoutMs?: number;
}

/**
 * Opens the one way out to customers (CHAN-3), and to the people of an organisation. `egress` is the guarded way to
 * addresses that tenants choose; `whatsapp.graphUrl` and `slack.apiUrl` are the installation's own settings and are
 * called as they stand.
 */
export function openChannels(parts: ChannelParts): Channels & {
  placeholderPosts: PlaceholderPosts;
  humans: Humans;
  mediaSource: MediaSource;
  close(): Promise<void>;
} {
  const { clock, placeholders, timeoutMs = CALL_TIMEOUT_MS } = parts;
  const files = { clock, timeoutMs: parts.fileTimeoutMs ?? FILE_TIMEOUT_MS };
  const integrations = rememberIntegrations(parts.integrations);
  const { graphUrl } = parts.whatsapp;
  const { apiUrl } = parts.slack;
  const providers = openEgress({ allow: [hostAndPort(graphUrl), hostAndPort(apiUrl)] });
  const webApi = openWebApi({ egress: providers, apiUrl, timeoutMs });
  const senders: Record<ChannelKind, Sender> = {
    generic: genericSender({ egress: parts.egress, clock, timeoutMs }),
    whatsapp: whatsappSender({ egress: providers, graphUrl, clock, timeoutMs }),
    slack: slackSender({ webApi, placeholders, clock }),
    webchat: webchatSender,
  };

  /** Hands it over, unless it is known before the call that there will be none. */
  async function begin(
    place: Place,
    signal: AbortSignal,
    call: (integration: IntegrationSettings) => Promise<SendOutcome>,
  ): Promise<SendOutcome> {
    let integration;
    try {
      integration = await integrations.settingsOf(
        place.organisationId,
        place.channelIntegrationId,
        place.integrationVersion,
      );
    } catch {
      // Whatever kept the settings away, the provider was not called: saying so keeps the send repeatable.
      return { kind: 'try_again', afterMs: null, code: 'settings_unavailable', mayHaveArrived: false };
    }
    if (integration === null) return { kind: 'failed', code: 'integration_unknown' };
    if (signal.aborted) return { kind: 'try_again', afterMs: 0, code: 'aborted', mayHaveArrived: false };
    // A take-over waits for this moment: a call begun later could overtake a person (DESIGN section 5).
    if (clock.now() >= place.deadline)
      return { kind: 'try_again', afterMs: 0, code: 'deadline_passed', mayHaveArrived: false };
    return call(integration);
  }

  return {
    send(delivery, signal) {
      // A kind that a newer release knows may be in the ledger.
      const sender = senders[delivery.channel] as Sender | undefined;
      if (sender === undefined) return Promise.resolve({ kind: 'failed', code: 'channel_unknown' });
      return begin(delivery, signal, (integration) => sender(delivery, integration, signal));
    },
    placeholderPosts: {
      post: (place, signal) =>
        begin(place, signal, (integration) => postPlaceholder(webApi, place, integration, signal)),
      clear: (place, signal) =>
        begin(place, signal, (integration) => clearPlaceholder(webApi, place, integration, signal)),
    },
    mediaSource: openMediaSource(integrations, {
      generic: genericFetcher({ ...files, egress: parts.egress }),
      whatsapp: whatsappFetcher({ ...files, egress: providers, graphUrl }),
      slack: slackFetcher({ ...files, egress: providers, apiUrl }),
    }),
    humans: slackHumans({ webApi, workspaceOf: parts.workspaceOf }),
    close: () => providers.close(),
  };
}

type Place = Pick<Delivery, 'organisationId' | 'channelIntegrationId' | 'integrationVersion' | 'deadline'>;

/** What the gateway itself says to single people of a workspace. */
export function openAsides(slack: { apiUrl: string }): Asides & { close(): Promise<void> } {
  const egress = openEgress({ allow: [hostAndPort(slack.apiUrl)] });
  const asides = slackAsides({ egress, apiUrl: slack.apiUrl, timeoutMs: CALL_TIMEOUT_MS });
  return { ...asides, close: () => egress.close() };
}

function hostAndPort(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port === '' ? (protocol === 'https:' ? 443 : 80) : port}`;
}
