import type { ServerResponse } from 'node:http';
import { json, openFaults, send, type Answer, type Fault, type FaultSettings } from './faults.ts';
import { openJournal, readJournal } from './journal.ts';
import type { LocalCall } from './local-http-server.ts';
import { openSlackFiles } from './slack-files.ts';
import { openSlackMessages } from './slack-messages.ts';
import { buttonOf, openSlackPresses } from './slack-presses.ts';
import { openWorkspaceSettings, type WorkspaceSettings } from './slack-settings.ts';
import { argumentsOf, refusal, slackMethods, type Fields } from './slack-web-api.ts';
import { eventCallback, newEventId, openSlackPostman, ownMessageEvent, pressForm } from './slack-webhooks.ts';
import { jsonBody, type StandIn, type StandInSettings } from './stand-in.ts';

interface SlackFault extends Fault {
  /** Answers 200 with this error, as Slack does. */
  error?: string;
}

/**
 * Slack as far as a conversation needs it: the Web API below `api/` (`auth.test`, `chat.postMessage`, `chat.update`,
 * `chat.postEphemeral`, `conversations.open`), files below `files/`, and signed events. Beside it, for tests: `control`,
 * `journal` (calls that were carried out), `refused`, `webhooks` (every try of every webhook), `messages` (what channels show now; DELETE
 * with `channel` and `ts` takes one away), `customer` (somebody writes) and `press` (somebody presses a button; what is
 * said at its `response_url` replaces the message, or stands in the journal with the user it is for).
 */
export function openSlack({ url, journalLimit }: StandInSettings): StandIn {
  const faults = openFaults<SlackFault>(['error']);
  const workspaces = openWorkspaceSettings(process.env);
  const messages = openSlackMessages();
  const files = openSlackFiles(url, (token) => workspaces.byToken(token) !== undefined);
  const done = openJournal<Fields>(journalLimit);
  const refused = openJournal<Fields>(journalLimit);
  const webhooks = openJournal<Fields>(journalLimit);
  const postman = openSlackPostman((path, answered, retry, body) =>
    webhooks.add({ at: Date.now(), path, answered, retry, body }),
  );
  const presses = openSlackPresses(messages);
  const methods = slackMethods(messages, (workspace, message) => {
    if (!workspace.echo || workspace.webhook_url === '') return;
    void postman.deliver(workspace, eventCallback(workspace, ownMessageEvent(workspace, message)));
  });

  function carryOut(name: string, call: LocalCall): Answer {
    const args = argumentsOf(call);
    const token =
      /^Bearer (.+)$/.exec(call.headers.authorization ?? '')?.[1] ?? (args['token'] as string | undefined);
    const workspace = token === undefined ? undefined : workspaces.byToken(token);
    const method = methods[name];
    const answer =
      method === undefined
        ? refusal('unknown_method')
        : workspace === undefined
          ? refusal(token === undefined ? 'not_authed' : 'invalid_auth')
          : method(args, workspace);
    const result = JSON.parse(answer.body as string) as Fields;
    const { token: _, ...rest } = args;
    const entry = { at: Date.now(), method: name, team: workspace?.team_id, token, args: rest };
    if (result['ok'] === true) done.add({ ...entry, ts: result['ts'] });
    else refused.add({ ...entry, error: result['error'] });
    return answer;
  }

  /** `{team?, channel, user, text, thread_ts?, type?, files?, repeat?}`; answers what the receiver did with each try. */
  async function customerWrites(call: LocalCall): Promise<Answer> {
    const { team, channel, user, text, thread_ts, type, files: sent, ts, repeat = 0 } = jsonBody(call);
    const workspace = reachable(String(team ?? ''));
    const thread = typeof thread_ts === 'string' ? { thread_ts } : {};
    const said = {
      team: workspace.team_id,
      channel: String(channel),
      user: String(user),
      text: String(text),
      ...thread,
    };
    const message = messages.add({ ...said, blocks: [], ...(typeof ts === 'string' && { ts }) });
    const id = newEventId();
    const body = JSON.stringify(
      eventCallback(
        workspace,
        {
          type: type ?? 'message',
          ...said,
          ts: message.ts,
          event_ts: message.ts,
          channel_type: 'channel',
          ...(sent !== undefined && {
            subtype: 'file_share',
            files: (sent as Fields[]).map(files.inEvent),
          }),
        },
        id,
      ),
    );
    const tries = Array.from({ length: Number(repeat) + 1 }, (_, retry) =>
      postman.post(workspace, 'events', body, 'application/json', retry),
    );
    return json(200, { ts: message.ts, event_id: id, answered: await Promise.all(tries) });
  }

  /**
   * `{team?, channel, message_ts, user, action_id?, value?}`; without the last two, the message's first button. What is
   * given wins over what the message bears: a button that was pressed just before it went away.
   */
  async function somebodyPresses(call: LocalCall): Promise<Answer> {
    const { team, channel, message_ts, user, action_id, value } = jsonBody(call);
    const workspace = reachable(String(team ?? ''));
    const message = messages.find(workspace.team_id, String(channel), String(message_ts));
    if (message === undefined) return json(404, { error: 'there is no such message' });
    const button = buttonOf(message, action_id);
    const actionId = String(action_id ?? button?.['action_id'] ?? '');
    if (actionId === '') return json(409, { error: 'the message has no button' });
    const press = {
      user: String(user),
      actionId,
      value: String(value ?? button?.['value'] ?? ''),
      responseUrl: `${url()}/slack/responses/${presses.open(message, String(user))}`,
    };
    const form = pressForm(workspace, message, press);
    const type = 'application/x-www-form-urlencoded';
    return json(200, {
      answered: await postman.post(workspace, 'interactions', form, type),
      response_url: press.responseUrl,
    });
  }

  function reachable(team: string): WorkspaceSettings {
    const workspace = workspaces.of(team);
    if (workspace.webhook_url === '') throw new Error('no webhook_url is set for this workspace');
    return workspace;
  }

  function control(call: LocalCall): Answer {
    if (call.method !== 'GET') {
      const {
        reset,
        latency_ms,
        fail,
        files: stored,
        ...rest
      } = call.method === 'DELETE' ? { reset: true } : jsonBody(call);
      if (reset === true) {
        faults.reset();
        workspaces.reset();
        postman.forget();
        messages.clear();
        files.clear();
      }
      workspaces.set(rest);
      files.set((stored ?? {}) as Parameters<typeof files.set>[0]);
      faults.set(withErrors({ latency_ms, fail } as FaultSettings<SlackFault>));
    }
    return json(200, { ...faults.left(), ...workspaces.shown() });
  }

  function removeMessage({ query }: LocalCall): Answer {
    const [found] = messages.list(query).filter(({ ts }) => ts === new URLSearchParams(query).get('ts'));
    if (found !== undefined) messages.remove(found);
    return json(200, { removed: found !== undefined });
  }

  function respond(call: LocalCall, path: string[]): Answer {
    const [, id = ''] = path;
    const args = jsonBody(call);
    done.add({ at: Date.now(), method: 'response', id, args, ...presses.answer(id, args) });
    return json(200, { ok: true });
  }

  const consoles: Record<string, (call: LocalCall, path: string[]) => Answer | Promise<Answer>> = {
    control,
    customer: customerWrites,
    press: somebodyPresses,
    responses: respond,
    'GET journal': ({ query }) => json(200, readJournal(done, query)),
    'GET refused': ({ query }) => json(200, readJournal(refused, query)),
    'GET webhooks': ({ query }) => json(200, readJournal(webhooks, query)),
    'GET messages': ({ query }) => json(200, { messages: messages.list(query) }),
    'DELETE messages': removeMessage,
    'DELETE journal': () => {
      for (const journal of [done, refused, webhooks]) journal.clear();
      return json(200, {});
    },
  };

  function handle(path: string[], call: LocalCall, response: ServerResponse): void {
    const [first = '', method = ''] = path;
    if (first === 'api') {
      faults.answer(call, response, () => carryOut(method, call));
      return;
    }
    if (call.method === 'GET' && first === 'files') {
      faults.answer(call, response, () => files.download(call, method));
      return;
    }
    const console = consoles[`${call.method} ${first}`] ?? consoles[first];
    Promise.resolve()
      .then(() => console?.(call, path) ?? json(404, { error: `nothing is at /${path.join('/')}` }))
      .then(
        (answer) => send(response, answer),
        (error: Error) => send(response, json(400, { error: error.message })),
      );
  }

  return { name: 'slack', handle, close: postman.forget };
}

function withErrors({ latency_ms, fail }: FaultSettings<SlackFault>): FaultSettings<SlackFault> {
  const complete = (fault: SlackFault): SlackFault =>
    fault.error === undefined ? fault : { status: 200, body: { ok: false, error: fault.error }, ...fault };
  return { latency_ms, fail: Array.isArray(fail) ? fail.map(complete) : fail };
}
