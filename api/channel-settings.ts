import { z } from 'zod';
import type { ChannelKind } from '../domain/channel.ts';
import { words } from './shapes.ts';

/** What each kind of channel must know, and which of it is secret. */
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
  slack: {
    settings: z.strictObject({
      team_id: z
        .string()
        .regex(/^[A-Z0-9]{1,32}$/, 'is not the id of a workspace')
        .optional()
        .meta({ description: 'The only workspace whose events are taken; any that signs, when left out' }),
    }),
    secrets: z.strictObject({
      signing_secret: words(256).meta({ description: "The Slack app's, which signs what comes in" }),
      bot_token: words(1024).meta({ description: 'xoxb-…, with the scopes chat:write and im:write' }),
    }),
  },
} as const satisfies Record<ChannelKind, object>;
