import type { ActionsBlock, KnownBlock } from '@slack/web-api';
import type { HumanMessage, Humans, SendOutcome } from '../../../activities/ports.ts';
import type { IntegrationSettings } from '../integrations.ts';
import { sectionsOf, summaryOf } from './blocks.ts';
import { asId, asObject } from './loose-json.ts';
import { toMarkup } from './markup.ts';
import { postedAs, replacedAs } from './outcome.ts';
import { readMessageId } from './room.ts';
import type { WebApi } from './web-api.ts';

/** The workspace in which an organisation's people are told; null where it has none. */
export type WorkspaceOf = (organisationId: string) => Promise<IntegrationSettings | null>;

/** A channel is written into as it stands; the direct one with a person is opened first. */
const CHANNEL = /^[CG]/;

/** Messages to people and to their channels, with the credentials of their organisation whatever channel the customer is on (ESC-4). */
export function slackHumans(parts: { webApi: WebApi; workspaceOf: WorkspaceOf }): Humans {
  const { webApi, workspaceOf } = parts;
  return {
    async notify(organisationId, target, message, signal) {
      const token = await tokenOf(organisationId);
      if (token === null) return NO_WORKSPACE;
      if (CHANNEL.test(target)) {
        const posted = await webApi(
          'chat.postMessage',
          { channel: target, ...bodyOf(message) },
          { token, signal },
        );
        return postedAs(posted, target);
      }
      const opened = await webApi('conversations.open', { users: target }, { token, signal });
      // Opening twice opens the same: nothing is lost by calling an unknown outcome none.
      if (opened.kind !== 'ok') return withoutMessage(replacedAs(opened, ''));
      const channel = asId(asObject(opened.body['channel'])?.['id']);
      if (channel === null) return { kind: 'failed', code: 'no_direct_channel' };
      const answer = await webApi('chat.postMessage', { channel, ...bodyOf(message) }, { token, signal });
      return postedAs(answer, channel);
    },

    async replace(organisationId, providerMessageId, message, signal) {
      const token = await tokenOf(organisationId);
      const at = readMessageId(providerMessageId);
      if (token === null) return NO_WORKSPACE;
      if (at === null) return { kind: 'failed', code: 'bad_message_id' };
      const answer = await webApi('chat.update', { ...at, ...bodyOf(message) }, { token, signal });
      return replacedAs(answer, providerMessageId);
    },
  };

  async function tokenOf(organisationId: string): Promise<string | null> {
    return (await workspaceOf(organisationId))?.secrets['bot_token'] ?? null;
  }
}

const NO_WORKSPACE: SendOutcome = { kind: 'failed', code: 'no_slack_workspace' };

function withoutMessage(outcome: SendOutcome): SendOutcome {
  return outcome.kind === 'try_again' ? { ...outcome, mayHaveArrived: false } : outcome;
}

function bodyOf({ id = 'parley-notice', text, buttons = [] }: HumanMessage): {
  text: string;
  blocks: KnownBlock[];
} {
  const markup = toMarkup(text);
  return {
    text: summaryOf(markup),
    blocks: [...sectionsOf(markup, id), ...(buttons.length === 0 ? [] : [rowOf(buttons)])],
  };
}

function rowOf(buttons: NonNullable<HumanMessage['buttons']>): ActionsBlock {
  return {
    type: 'actions',
    elements: buttons.map(({ actionId, value, label, style }) => ({
      type: 'button',
      action_id: actionId,
      value,
      text: { type: 'plain_text', text: label },
      ...(style === undefined ? {} : { style }),
    })),
  };
}
