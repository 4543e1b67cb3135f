import { randomBytes } from 'node:crypto';
import type { openSlackMessages, SlackMessage } from './slack-messages.ts';
import type { Fields } from './slack-web-api.ts';

/** The button of a message with this action, or its first. */
export function buttonOf(message: SlackMessage, actionId: unknown): Fields | undefined {
  const buttons = message.blocks.flatMap(({ elements }) =>
    Array.isArray(elements) ? (elements as Fields[]) : [],
  );
  return actionId === undefined ? buttons[0] : buttons.find((button) => button['action_id'] === actionId);
}

/** The addresses that come with presses, and what is answered there. */
export function openSlackPresses(messages: ReturnType<typeof openSlackMessages>) {
  const open = new Map<string, { message: SlackMessage; user: string }>();
  return {
    /** The id of a `response_url`. */
    open(message: SlackMessage, user: string): string {
      const id = randomBytes(8).toString('hex');
      open.set(id, { message, user });
      return id;
    },
    /** Puts the answer in place of the message, where it asks for that; whom it was for, and what it was about. */
    answer(id: string, args: Fields): { user?: string; channel?: string; message_ts?: string } {
      const press = open.get(id);
      if (press === undefined) return {};
      const { message, user } = press;
      if (args['replace_original'] === true) {
        const blocks = Array.isArray(args['blocks']) ? (args['blocks'] as Fields[]) : [];
        messages.change(message, { text: String(args['text'] ?? ''), blocks });
      }
      return { user, channel: message.channel, message_ts: message.ts };
    },
  };
}
