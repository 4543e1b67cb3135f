import { createHash } from 'node:crypto';
import { json, type Answer } from './faults.ts';
import type { LocalCall } from './local-http-server.ts';
import { whatIsWrongWithMessage, type openSlackMessages, type SlackMessage } from './slack-messages.ts';
import type { WorkspaceSettings } from './slack-settings.ts';
import { jsonBody } from './stand-in.ts';

export type Fields = Record<string, unknown>;

/** What a method of the Web API does in a workspace. */
type Method = (args: Fields, workspace: WorkspaceSettings) => Answer;

/** A method's arguments: a form, whose lists and objects are JSON, or JSON. */
export function argumentsOf(call: LocalCall): Fields {
  if (call.headers['content-type']?.startsWith('application/json') === true) return jsonBody(call);
  const args: Fields = Object.fromEntries(new URLSearchParams(call.body.toString('utf8')));
  for (const name of ['blocks', 'metadata']) {
    if (typeof args[name] === 'string') args[name] = JSON.parse(args[name]) as unknown;
  }
  return args;
}

export function refusal(error: string): Answer {
  return json(200, { ok: false, error });
}

/** The methods that a conversation needs; `posted` hears of every new message. */
export function slackMethods(
  messages: ReturnType<typeof openSlackMessages>,
  posted: (workspace: WorkspaceSettings, message: SlackMessage) => void,
): Record<string, Method> {
  const contentOf = ({ text, blocks }: Fields) => ({
    text: typeof text === 'string' ? text : '',
    blocks: Array.isArray(blocks) ? (blocks as Fields[]) : [],
  });

  function post(args: Fields, workspace: WorkspaceSettings): Answer {
    const { channel, thread_ts: thread } = args;
    if (typeof channel !== 'string' || !/^[CDGU][A-Z0-9]+$/.test(channel))
      return refusal('channel_not_found');
    const content = contentOf(args);
    const wrong = whatIsWrongWithMessage(content.text, content.blocks);
    if (wrong !== undefined) return refusal(wrong);
    const message = messages.add({
      team: workspace.team_id,
      channel,
      ...(typeof thread === 'string' && { thread_ts: thread }),
      bot_id: workspace.bot_id,
      ...content,
    });
    posted(workspace, message);
    return json(200, { ok: true, channel, ts: message.ts, message: { type: 'message', ...message } });
  }

  function update(args: Fields, workspace: WorkspaceSettings): Answer {
    const message = messages.find(workspace.team_id, String(args['channel']), String(args['ts']));
    if (message === undefined) return refusal('message_not_found');
    if (message.bot_id !== workspace.bot_id) return refusal('cant_update_message');
    const content = contentOf(args);
    const wrong = whatIsWrongWithMessage(content.text, content.blocks);
    if (wrong !== undefined) return refusal(wrong);
    messages.change(message, content);
    return json(200, { ok: true, channel: message.channel, ts: message.ts, text: content.text });
  }

  return {
    'auth.test': (_args, { team_id, bot_id, bot_user_id }) =>
      json(200, { ok: true, team_id, user_id: bot_user_id, bot_id, url: 'https://stand-in.slack.example/' }),
    'chat.postMessage': post,
    'chat.update': update,
    'chat.postEphemeral': (args) => {
      const { text, blocks } = contentOf(args);
      const wrong = whatIsWrongWithMessage(text, blocks);
      if (wrong !== undefined) return refusal(wrong);
      return typeof args['user'] === 'string'
        ? json(200, { ok: true, message_ts: messages.nextTs() })
        : refusal('user_not_in_channel');
    },
    'conversations.open': ({ users }) => {
      if (typeof users !== 'string' || !/^[UW][A-Z0-9]+$/.test(users)) return refusal('user_not_found');
      // The same person, the same channel, whenever it is opened.
      const id = `D${createHash('sha256').update(users).digest('hex').slice(0, 10).toUpperCase()}`;
      return json(200, { ok: true, channel: { id } });
    },
  };
}
