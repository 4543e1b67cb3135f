import type { RawRequest, ReceivedBatch, Receiver } from '../../../api/ports.ts';
import { asId, asObject, asText, parseJson } from './loose-json.ts';
import type { JsonObject } from './loose-json.ts';
import { readEvent } from './read-event.ts';
import { readInteraction } from './read-interaction.ts';
import { isSignedBySlack } from './verify.ts';

/**
 * Slack's Events API and interactivity. Needs the secret `signing_secret`; with the setting `team_id`, other workspaces
 * than that are ignored. A replay within the window of the signature is stopped by the event's id (CONV-1).
 * https://docs.slack.dev/apis/events-api
 */
export const slackReceiver: Receiver = {
  authentic: (request, { secrets }, now) => isSignedBySlack(request, secrets['signing_secret'], now),

  challenge(request) {
    const payload = readJson(request);
    return payload?.['type'] === 'url_verification' ? asText(payload['challenge']) : null;
  },

  parse(request, { settings }): ReceivedBatch | null {
    const envelope = readJson(request);
    if (envelope === null || asId(envelope['type']) === null) return null;
    const batch: ReceivedBatch = { messages: [], statuses: [], ignored: 0 };
    const foreign = settings['team_id'] !== undefined && envelope['team_id'] !== settings['team_id'];
    // Besides events Slack tells of rate limits (`app_rate_limited`) and, later, of things unknown today.
    const read =
      envelope['type'] !== 'event_callback' || foreign ? { kind: 'ignored' as const } : readEvent(envelope);
    if (read.kind === 'ignored') return { ...batch, ignored: 1 };
    return read.kind === 'echo' ? { ...batch, echoes: [read.echo] } : { ...batch, messages: read.messages };
  },

  interaction(request, { settings }) {
    const read = readInteraction(request.body.toString('utf8'));
    if (read?.kind !== 'block_action' || settings['team_id'] === undefined) return read;
    return read.action.teamId === settings['team_id'] ? read : { kind: 'other' };
  },
};

function readJson({ body }: RawRequest): JsonObject | null {
  return asObject(parseJson(body.toString('utf8')));
}
