import type { WebhookAnswer, WebhookRequest, Webhooks } from '../../activities/ports.ts';
import type { Egress } from '../egress/egress.ts';
import { EgressFailure } from '../egress/egress-failure.ts';
import { retryAfterMs } from '../egress/retry-after.ts';
import { readSigningKeys, signWebhook } from '../egress/standard-webhooks.ts';
import { readBody, readLimit } from './read-body.ts';
import type { SecretsOf, WebhookSecrets } from './webhook-secrets.ts';

interface WebhookParts {
  egress: Egress;
  secretsOf: SecretsOf;
  clock: { now(): Date };
}

/**
 * Attempts at builders' receivers, through the guarded way out. A request whose secrets are gone or cannot sign is not
 * sent: `no_secret`, `other_origin`. The builder's headers come first and ours on top of them, so that none of theirs can stand for a
 * signature, a key or a credential of ours.
 */
export function openWebhooks({ egress, secretsOf, clock }: WebhookParts): Webhooks {
  return {
    async call(request, signal) {
      const startedAt = performance.now();
      const nothingSent = (code: string): WebhookAnswer => ({
        kind: 'no_answer',
        code,
        mayHaveArrived: false,
        durationMs: Math.round(performance.now() - startedAt),
      });
      const secrets =
        request.secrets === null ? {} : await secretsOf(request.organisationId, request.secrets);
      if (secrets === null) return nothingSent('no_secret');
      if (secrets.onlyTo !== undefined && originOf(request.url) !== secrets.onlyTo)
        return nothingSent('other_origin');
      const signature = sign(request, secrets, clock.now());
      if (signature === null) return nothingSent('no_secret');
      const secret = secrets.authentication?.value || null;
      try {
        const answer = await egress.request({
          method: request.method,
          url: request.url,
          headers: {
            'user-agent': 'Parley/1',
            ...(request.body === null ? {} : { 'content-type': 'application/json' }),
            ...builders(request.headers),
            ...credential(secrets.authentication),
            'idempotency-key': request.idempotencyKey,
            ...signature,
          },
          ...(request.body === null ? {} : { body: request.body }),
          timeoutMs: request.timeoutMs,
          maxResponseBytes: readLimit(secret),
          signal,
        });
        return {
          kind: 'answered',
          status: answer.status,
          ...readBody(answer, secret),
          retryAfterMs: retryAfterMs(answer.headers['retry-after'], clock.now()),
          durationMs: answer.durationMs,
        };
      } catch (error) {
        if (!(error instanceof EgressFailure)) throw error;
        return noAnswer(error, Math.round(performance.now() - startedAt));
      }
    },
  };
}

/** The status is the receiver's verdict; a body that stays away or breaks off after it takes nothing back. */
function noAnswer(failure: EgressFailure, durationMs: number): WebhookAnswer {
  const { code, mayHaveArrived, status } = failure;
  if (status === null) return { kind: 'no_answer', code, mayHaveArrived, durationMs };
  return { kind: 'answered', status, body: '', truncated: true, retryAfterMs: null, durationMs };
}

/** Without a secret there is no signature, but id and time are told all the same. Null: the secret cannot sign. */
function sign(request: WebhookRequest, secrets: WebhookSecrets, now: Date): Record<string, string> | null {
  const keys = secrets.signingSecret === undefined ? [] : readSigningKeys(secrets.signingSecret);
  if (keys === null) return null;
  const { 'webhook-signature': signature = '', ...told } = signWebhook(
    request.callId,
    now,
    request.body ?? '',
    keys,
  );
  return signature === '' ? told : { ...told, 'webhook-signature': signature };
}

function credential(authentication: WebhookSecrets['authentication']): Record<string, string> {
  if (authentication === undefined) return {};
  return authentication.type === 'bearer'
    ? { authorization: `Bearer ${authentication.value}` }
    : { [authentication.header.toLowerCase()]: authentication.value };
}

/** The builder's own, without those that would pass for a signature of ours where we do not sign. */
function builders(headers: Record<string, string>): Record<string, string> {
  const lowerCased = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  return Object.fromEntries(lowerCased.filter(([name]) => !name.startsWith('webhook-')));
}

/** Null for what is no URL: the way out refuses it by itself. */
function originOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).origin : null;
}
