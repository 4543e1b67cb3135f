import { openEgress } from '../../adapters/egress/egress.ts';
import { openWebhooks } from '../../adapters/webhooks/open-webhooks.ts';
import type { WebhookSecrets } from '../../adapters/webhooks/webhook-secrets.ts';
import type { WebhookAnswer, WebhookRequest } from '../../activities/ports.ts';

export const ACTION = { externalActionId: '6f1d7a84-3d9e-4d53-9f3e-0c9f0f6a1b2c', version: 3 };

/** Calls a receiver on a port of 127.0.0.1 that the installation has allowed. */
export interface WebhookCaller {
  /** The secrets that the next calls find. */
  secrets: WebhookSecrets | null;
  now: Date;
  call(port: number, more?: Partial<WebhookRequest>, signal?: AbortSignal): Promise<WebhookAnswer>;
  close(): Promise<void>;
}

export function openWebhookCaller(ports: readonly number[]): WebhookCaller {
  const egress = openEgress({ allow: ports.map((port) => `127.0.0.1:${port}`) });
  const webhooks = openWebhooks({
    egress,
    secretsOf: () => Promise.resolve(caller.secrets),
    clock: { now: () => caller.now },
  });
  const caller: WebhookCaller = {
    secrets: {},
    now: new Date(),
    call: (port, more = {}, signal = new AbortController().signal) =>
      webhooks.call(
        {
          organisationId: 'organisation',
          secrets: ACTION,
          method: 'POST',
          url: `http://127.0.0.1:${port}/hook`,
          headers: {},
          body: '{"product":"lamp 🙏"}',
          idempotencyKey: 'conversation:1:1',
          callId: '5f1d7a84-3d9e-4d53-9f3e-0c9f0f6a1b2c',
          timeoutMs: 5_000,
          ...more,
        },
        signal,
      ),
    close: () => egress.close(),
  };
  return caller;
}
