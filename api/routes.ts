import { receiveMessage } from './receive-message.ts';
import { route } from './route.ts';
import type { Route } from './route.ts';
import { whatsappHandshake, whatsappWebhook } from './whatsapp-webhook.ts';

/** The whole surface: what there is, and who may. What is not here does not exist. */
export const routes: readonly Route[] = [
  route('post', '/v1/channels/{channel_integration}/messages', 'gateway', receiveMessage),
  route('get', '/webhooks/whatsapp/{channel_integration}', 'signature', whatsappHandshake),
  route('post', '/webhooks/whatsapp/{channel_integration}', 'signature', whatsappWebhook),
];
