import type { Channels, Clock, Delivery, SendOutcome } from '../../activities/ports.ts';
import type { Receiver } from '../../api/ports.ts';
import type { ChannelKind } from '../../domain/channel.ts';
import { openEgress } from '../egress/egress.ts';
import type { Egress } from '../egress/egress.ts';
import { genericSender } from './generic/send.ts';
import { rememberIntegrations } from './integrations.ts';
import type { Integrations } from './integrations.ts';
import type { Sender } from './sender.ts';
import { webchatSender } from './webchat/send.ts';
import { whatsappReceiver } from './whatsapp/receive.ts';
import { whatsappSender } from './whatsapp/send.ts';

/** The longest one call to a provider takes; a ledgered send has 5 s in all (DESIGN section 3). */
const CALL_TIMEOUT_MS = 4500;

/**
 * How webhooks of a channel are checked and read. Generic messages come through an authenticated route and web
 * chat through the visitor's session, so neither has a receiver.
 */
export const receivers: Partial<Record<ChannelKind, Receiver>> = { whatsapp: whatsappReceiver };

/**
 * Opens the one way out to customers (CHAN-3). `egress` is the guarded way to addresses that tenants choose;
 * `whatsapp.graphUrl` is the installation's own setting and is called as it stands.
 */
export function openChannels(parts: {
  integrations: Integrations;
  egress: Egress;
  whatsapp: { graphUrl: string };
  clock: Clock;
  timeoutMs?: number;
}): Channels & { close(): Promise<void> } {
  const { clock, timeoutMs = CALL_TIMEOUT_MS } = parts;
  const integrations = rememberIntegrations(parts.integrations);
  const graph = openEgress({ allow: [hostAndPort(parts.whatsapp.graphUrl)] });
  const senders: Partial<Record<ChannelKind, Sender>> = {
    generic: genericSender({ egress: parts.egress, clock, timeoutMs }),
    whatsapp: whatsappSender({ egress: graph, graphUrl: parts.whatsapp.graphUrl, clock, timeoutMs }),
    webchat: webchatSender,
  };

  async function send(delivery: Delivery, signal: AbortSignal): Promise<SendOutcome> {
    const sender = senders[delivery.channel];
    if (sender === undefined) return { kind: 'failed', code: 'channel_unknown' };
    let integration;
    try {
      integration = await integrations.settingsOf(
        delivery.organisationId,
        delivery.channelIntegrationId,
        delivery.integrationVersion,
      );
    } catch {
      // Whatever kept the settings away, the provider was not called: saying so keeps the send repeatable.
      return { kind: 'try_again', afterMs: null, code: 'settings_unavailable', mayHaveArrived: false };
    }
    if (integration === null) return { kind: 'failed', code: 'integration_unknown' };
    if (signal.aborted) return { kind: 'try_again', afterMs: 0, code: 'aborted', mayHaveArrived: false };
    // A take-over waits for this moment: a call begun later could overtake a person (DESIGN section 5).
    if (clock.now() >= delivery.deadline)
      return { kind: 'try_again', afterMs: 0, code: 'deadline_passed', mayHaveArrived: false };
    return sender(delivery, integration, signal);
  }

  return { send, close: () => graph.close() };
}

function hostAndPort(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port === '' ? (protocol === 'https:' ? 443 : 80) : port}`;
}
