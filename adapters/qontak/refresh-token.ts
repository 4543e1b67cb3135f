import type { Json } from '../../domain/external-action.ts';
import type { Egress } from '../egress/egress.ts';
import { EgressFailure } from '../egress/egress-failure.ts';
import { parseJson } from './read-answer.ts';

const PATH = '/api/v3.1/teams/company_token';
const MAX_ANSWER_BYTES = 65_536;
/** What can travel in a header. */
const TOKEN = /^[\x21-\x7e]{1,8192}$/;

/**
 * Exchanges a company token that is no longer good (ACT-2). The old token says who asks; the environment's key goes
 * along where it serves this installation. Never throws: a refusal or a failure is a `reason` of ours.
 */
export async function refreshToken(
  egress: Egress,
  base: string,
  authorisation: Record<string, string>,
  timeoutMs: number,
): Promise<{ token: string } | { reason: string }> {
  try {
    const answer = await egress.request({
      method: 'POST',
      url: `${base}${PATH}`,
      headers: { accept: 'application/json', 'user-agent': 'Parley/1', ...authorisation },
      timeoutMs,
      maxResponseBytes: MAX_ANSWER_BYTES,
    });
    if (answer.status < 200 || answer.status >= 300) return { reason: `status_${answer.status}` };
    const token = answer.truncated ? undefined : tokenIn(parseJson(answer.body));
    return token === undefined ? { reason: 'no_token_in_answer' } : { token };
  } catch (error) {
    if (error instanceof EgressFailure) return { reason: error.code };
    throw error;
  }
}

/**
 * The vendor does not document the answer. These shapes are read, in this order: `{data: {token}}`, `{token}`,
 * `{data: {company_token}}`, `{access_token}`.
 */
export function tokenIn(answer: Json | undefined): string | undefined {
  const top = objectOf(answer);
  const data = objectOf(top['data']);
  return [data['token'], top['token'], data['company_token'], top['access_token']].find(
    (token): token is string => typeof token === 'string' && TOKEN.test(token),
  );
}

function objectOf(value: Json | undefined): Record<string, Json | undefined> {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {};
}
