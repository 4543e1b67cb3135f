import type { Interaction } from '../../../api/ports.ts';
import { asId, asObject, asObjects, asText, parseJson } from './loose-json.ts';

/**
 * An interaction: a form with one field, `payload`, that holds JSON. Null where it is none. Of several actions in one
 * post the first counts; Slack sends one for each press.
 * https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
 */
export function readInteraction(form: string): Interaction | null {
  const payload = asObject(parseJson(new URLSearchParams(form).get('payload') ?? ''));
  if (payload === null || asId(payload['type']) === null) return null;
  if (payload['type'] !== 'block_actions') return { kind: 'other' };
  const [pressed] = asObjects(payload['actions']);
  const container = asObject(payload['container']);
  const teamId = asId(asObject(payload['team'])?.['id']);
  const userId = asId(asObject(payload['user'])?.['id']);
  const actionId = asId(pressed?.['action_id']);
  const channel = asId(asObject(payload['channel'])?.['id']) ?? asId(container?.['channel_id']);
  const messageTs = asId(asObject(payload['message'])?.['ts']) ?? asId(container?.['message_ts']);
  if (teamId === null || userId === null || actionId === null || channel === null || messageTs === null)
    return { kind: 'other' };
  const action = { teamId, userId, actionId, value: asText(pressed?.['value']) ?? '', messageTs, channel };
  return { kind: 'block_action', action, replyTo: asText(payload['response_url']) };
}
