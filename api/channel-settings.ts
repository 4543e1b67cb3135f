import { z } from 'zod';
import { words } from './shapes.ts';

/** What each kind of channel must know, and which of it is secret. A kind without an adapter cannot be made. */
const replyUrl = z.url({ protocol: /^https?$/ }).max(2048);
const signingSecret = z
  .string()
  .max(1024)
  .regex(/^whsec_[A-Za-z0-9+/]{32,}={0,2}( whsec_[A-Za-z0-9+/]{32,}={0,2})*$/, 'is not whsec_ and base64')
  .meta({ description: 'As Standard Webhooks has it; two with a space between while they are rotated' });
const title = words(100).meta({ description: 'What visitors see at the top of the page' });

export const CHANNEL_SETTINGS = {
  generic: {
    settings: z.strictObject({ reply_url: replyUrl }),
    secrets: z.strictObject({ signing_secret: signingSecret }),
  },
  webchat: {
    settings: z.strictObject({ title: title.optional() }),
    secrets: z.strictObject({
      session_secret: z
        .string()
        .min(32)
        .max(256)
        .optional()
        .meta({ description: 'Signs visitor sessions; made at random when left out' }),
    }),
  },
  whatsapp: {
    settings: z.strictObject({ phone_number_id: z.string().regex(/^\d{1,32}$/, 'is not a number id') }),
    secrets: z.strictObject({ app_secret: words(256), verify_token: words(256), access_token: words(1024) }),
  },
} as const;

export const CONFIGURABLE_KINDS = ['generic', 'webchat', 'whatsapp'] as const;
export type ConfigurableKind = (typeof CONFIGURABLE_KINDS)[number];

export function isConfigurable(kind: string): kind is ConfigurableKind {
  return CONFIGURABLE_KINDS.some((known) => known === kind);
}
