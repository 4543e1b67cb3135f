import { randomBytes } from 'node:crypto';
import { slackSignature } from '../../dev/stand-ins/slack-webhooks.ts';
import type { Answer, Journey } from './open-journey.ts';

/** A workspace with our app in it, and the channel integration of ours that it talks to. */
export interface SlackWorkspace {
  channel: string;
  team: string;
  signingSecret: string;
  botToken: string;
}

/** A message as the stand-in's channel shows it. */
export interface ShownMessage {
  channel: string;
  ts: string;
  thread_ts?: string;
  user?: string;
  bot_id?: string;
  text: string;
  blocks: { elements?: { action_id: string; value: string }[] }[];
  /** What it showed before. */
  before: string[];
}

export async function openSlackWorkspace(journey: Journey, agent: string): Promise<SlackWorkspace> {
  const word = () => randomBytes(6).toString('hex').toUpperCase();
  const workspace = { team: `T${word()}`, signingSecret: word(), botToken: `xoxb-${word()}` };
  const channel = await journey.makeChannel({
    kind: 'slack',
    agent_id: agent,
    settings: { team_id: workspace.team },
    secrets: { signing_secret: workspace.signingSecret, bot_token: workspace.botToken },
  });
  const settings = {
    webhook_url: `${journey.api}/webhooks/slack/${channel}`,
    signing_secret: workspace.signingSecret,
    bot_token: workspace.botToken,
  };
  await journey.standIn('POST', '/slack/control', { workspaces: { [workspace.team]: settings } });
  return { channel, ...workspace };
}

/** A message event as Slack posts it. */
export function messageEvent(
  { team }: SlackWorkspace,
  message: { eventId: string; channel: string; user: string; text: string; ts: string; thread_ts?: string },
): string {
  const { eventId, ...said } = message;
  return JSON.stringify({
    token: 'x',
    team_id: team,
    api_app_id: 'A0PARLEY',
    event: { type: 'message', ...said, event_ts: said.ts, channel_type: 'channel', team },
    type: 'event_callback',
    event_id: eventId,
    event_time: Math.floor(Number(said.ts)),
    authorizations: [{ enterprise_id: null, team_id: team, user_id: 'U0PARLEY', is_bot: true }],
  });
}

/** Posts an event, signed for now or for `seconds`. */
export function deliverEvent(
  journey: Journey,
  workspace: SlackWorkspace,
  body: string,
  { headers = {}, seconds }: { headers?: Record<string, string>; seconds?: number | string } = {},
): Promise<Answer> {
  return journey.call('POST', `/webhooks/slack/${workspace.channel}/events`, {
    body,
    headers: { ...slackSignature(workspace.signingSecret, body, seconds), ...headers },
  });
}

/** What a channel of the workspace shows now, oldest first. */
export async function shownIn(
  journey: Journey,
  { team }: SlackWorkspace,
  channel: string,
): Promise<ShownMessage[]> {
  const { messages } = await journey.standIn('GET', `/slack/messages?team=${team}&channel=${channel}`);
  return messages as ShownMessage[];
}

/** Times of messages, each later than the one before. */
export function nextTs(): string {
  last = Math.max(Date.now() * 1000, last + 1);
  return `${Math.floor(last / 1e6)}.${String(last % 1e6).padStart(6, '0')}`;
}
let last = 0;
