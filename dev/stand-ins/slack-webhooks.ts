import { createHmac, randomBytes } from 'node:crypto';
import type { SlackMessage } from './slack-messages.ts';
import type { WorkspaceSettings } from './slack-settings.ts';
import { postWebhook } from './whatsapp-webhooks.ts';

/** Slack tries an event three times more: at once, after a minute and after five. Here the pauses are shortened. */
const PAUSES_MS = [0, 500, 2000];

/** The headers by which Slack vouches for a body, as of now or of another time in seconds. */
export function slackSignature(
  secret: string,
  body: string,
  seconds: number | string = Math.floor(Date.now() / 1000),
): Record<string, string> {
  const digest = createHmac('sha256', secret).update(`v0:${seconds}:${body}`).digest('hex');
  return { 'x-slack-request-timestamp': String(seconds), 'x-slack-signature': `v0=${digest}` };
}

/** An event in its envelope; `id` is kept over tries. */
export function eventCallback(workspace: WorkspaceSettings, event: object, id = newEventId()): object {
  return {
    token: 'deprecated',
    team_id: workspace.team_id,
    api_app_id: workspace.app_id,
    event,
    type: 'event_callback',
    event_id: id,
    event_time: Math.floor(Date.now() / 1000),
    authorizations: [
      { enterprise_id: null, team_id: workspace.team_id, user_id: workspace.bot_user_id, is_bot: true },
    ],
    is_ext_shared_channel: false,
  };
}

export function newEventId(): string {
  return `Ev${randomBytes(6).toString('hex').toUpperCase()}`;
}

/** A message of the app's own, as it comes back to it. */
export function ownMessageEvent(
  { bot_id, app_id, bot_user_id }: WorkspaceSettings,
  message: SlackMessage,
): object {
  const { ts, thread_ts, channel, text, blocks, team } = message;
  return {
    type: 'message',
    user: bot_user_id,
    bot_id,
    app_id,
    ts,
    event_ts: ts,
    thread_ts,
    channel,
    channel_type: 'channel',
    team,
    text,
    blocks,
  };
}

/** A pressed button, as the form Slack posts. */
export function pressForm(
  workspace: WorkspaceSettings,
  message: SlackMessage,
  press: { user: string; actionId: string; value: string; responseUrl: string },
): string {
  const payload = {
    type: 'block_actions',
    team: { id: workspace.team_id, domain: 'stand-in' },
    user: { id: press.user, username: press.user.toLowerCase(), team_id: workspace.team_id },
    api_app_id: workspace.app_id,
    container: { type: 'message', message_ts: message.ts, channel_id: message.channel, is_ephemeral: false },
    trigger_id: randomBytes(8).toString('hex'),
    channel: { id: message.channel, name: 'directmessage' },
    message: { type: 'message', ts: message.ts, text: message.text, blocks: message.blocks },
    response_url: press.responseUrl,
    actions: [{ type: 'button', action_id: press.actionId, value: press.value, action_ts: message.ts }],
  };
  return new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
}

export interface SlackPostman {
  /** Posts once, signed; answers with the status, or null when no answer came. */
  post(
    workspace: WorkspaceSettings,
    path: string,
    body: string,
    type: string,
    retry?: number,
  ): Promise<number | null>;
  /** Posts an event until it is taken or the tries are used up; resolves after the first try. */
  deliver(workspace: WorkspaceSettings, event: object): Promise<number | null>;
  /** Gives up what is still owed. */
  forget(): void;
}

/** `tried` hears of every try. */
export function openSlackPostman(
  tried: (path: string, answered: number | null, retry: number, body: string) => void,
): SlackPostman {
  const owed = new Set<NodeJS.Timeout>();
  let epoch = 0;

  const post: SlackPostman['post'] = async (workspace, path, body, type, retry = 0) => {
    const headers = {
      'content-type': type,
      ...slackSignature(workspace.signing_secret, body),
      ...(retry > 0 && { 'x-slack-retry-num': String(retry), 'x-slack-retry-reason': 'http_timeout' }),
    };
    const begun = epoch;
    const answered = await postWebhook(`${workspace.webhook_url}/${path}`, body, headers);
    if (begun === epoch) tried(path, answered, retry, body);
    return answered;
  };

  async function attempt(workspace: WorkspaceSettings, body: string, retry: number): Promise<number | null> {
    const begun = epoch;
    const answered = await post(workspace, 'events', body, 'application/json', retry);
    const pause = PAUSES_MS[retry];
    if (begun !== epoch || answered === 200 || pause === undefined) return answered;
    const timer = setTimeout(() => {
      owed.delete(timer);
      void attempt(workspace, body, retry + 1);
    }, pause);
    owed.add(timer);
    return answered;
  }

  return {
    post,
    deliver: (workspace, event) => attempt(workspace, JSON.stringify(event), 0),
    forget() {
      epoch += 1;
      for (const timer of owed) clearTimeout(timer);
      owed.clear();
    },
  };
}
