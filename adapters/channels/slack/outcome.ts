import type { SendOutcome } from '../../../activities/ports.ts';
import { asId } from './loose-json.ts';
import { messageIdOf, TS } from './room.ts';
import type { WebApiAnswer } from './web-api.ts';

/** The outcome of a post, which is never repeated when it may have arrived. */
export function postedAs(answer: WebApiAnswer, postedTo: string): SendOutcome {
  switch (answer.kind) {
    case 'ok': {
      // Slack answers with the channel's id where it was addressed by a name or a person.
      const [channel, ts] = [asId(answer.body['channel']) ?? postedTo, asId(answer.body['ts'])];
      // Accepted, it seems, but by something that does not answer as Slack does.
      if (ts === null || !TS.test(ts)) return { kind: 'unknown', code: 'answer_unreadable' };
      return { kind: 'sent', providerMessageId: messageIdOf(channel, ts) };
    }
    case 'not_now':
      return { kind: 'try_again', afterMs: answer.afterMs, code: answer.code, mayHaveArrived: false };
    case 'never':
      return { kind: 'failed', code: answer.code };
    case 'unknown':
      return answer;
  }
}

/** The outcome of a replacement, which does no harm when it is made again. */
export function replacedAs(answer: WebApiAnswer, providerMessageId: string): SendOutcome {
  switch (answer.kind) {
    case 'ok':
      return { kind: 'sent', providerMessageId };
    case 'not_now':
      return { kind: 'try_again', afterMs: answer.afterMs, code: answer.code, mayHaveArrived: false };
    case 'unknown':
      return { kind: 'try_again', afterMs: null, code: answer.code, mayHaveArrived: true };
    case 'never':
      return { kind: 'failed', code: answer.code };
  }
}
