import { createHash } from 'node:crypto';
import type { Gateway } from './gateway.ts';
import type { Caller } from './ports.ts';
import { Problem } from './problem.ts';

interface Answer {
  status: number;
  body: unknown;
}

interface Repeatable {
  key: string;
  caller: Caller;
  place: string;
  params: unknown;
  bytes: Buffer | undefined;
  secret: boolean | undefined;
}

/**
 * Does a request once per Idempotency-Key: the same key and body get the same answer for 24 h, another body 422,
 * a request still under way 409 (DESIGN section 11). A refusal changes nothing and is not remembered.
 */
export async function once(
  request: Repeatable,
  run: () => Promise<Answer>,
  gateway: Gateway,
): Promise<Answer> {
  const { caller, key } = request;
  if (!/^[\x21-\x7e]{1,255}$/.test(key))
    throw new Problem(422, 'Some fields are not valid.', {
      errors: [{ field: 'Idempotency-Key', message: 'is not 1 to 255 visible ASCII characters' }],
    });
  const begun = await gateway.idempotency.begin(caller, key, digest(request), gateway.clock.now());
  switch (begun.kind) {
    case 'other_body':
      throw new Problem(422, 'This Idempotency-Key came with another request before.', {
        errors: [{ field: 'Idempotency-Key', message: 'was used for another request' }],
      });
    case 'running':
      throw new Problem(409, 'A request with this Idempotency-Key is under way.', { retryAfterSeconds: 1 });
    case 'answered':
      return {
        status: begun.status,
        body: request.secret ? unseal(begun.body, request, gateway) : begun.body,
      };
    case 'fresh':
  }
  const finish = async (answer: Answer | null) => {
    try {
      await gateway.idempotency.finish(caller, key, answer);
    } catch (error) {
      // What was done is done; only the memory of it is missing.
      gateway.options.log.warn({ err: error }, 'an answer could not be remembered');
    }
  };
  let answer: Answer;
  try {
    answer = await run();
  } catch (error) {
    await finish(null);
    throw error;
  }
  await finish(
    request.secret ? { status: answer.status, body: seal(answer.body, request, gateway) } : answer,
  );
  return answer;
}

function digest({ place, params, bytes }: Repeatable): string {
  return createHash('sha256')
    .update(`${place}\n${JSON.stringify(params)}\n`)
    .update(bytes ?? '')
    .digest('hex');
}

function seal(body: unknown, request: Repeatable, { options: { sealAnswer } }: Gateway): unknown {
  return sealAnswer === undefined
    ? null
    : { sealed: sealAnswer.seal(JSON.stringify(body), placeOf(request)) };
}

function unseal(body: unknown, request: Repeatable, { options: { sealAnswer } }: Gateway): unknown {
  const sealed = body !== null && typeof body === 'object' && 'sealed' in body ? body.sealed : null;
  if (sealAnswer === undefined || typeof sealed !== 'string')
    throw new Problem(409, 'This was done before; its answer held a secret and cannot be given again.');
  return JSON.parse(sealAnswer.open(sealed, placeOf(request))) as unknown;
}

function placeOf({ caller, key }: Repeatable): string {
  return JSON.stringify([caller.organisationId, caller.keyId, key]);
}
