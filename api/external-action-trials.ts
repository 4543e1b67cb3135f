import { z } from 'zod';
import type { TrialInput } from '../contract/trial.ts';
import { hasEnded } from '../domain/call.ts';
import type { Json } from '../domain/external-action.ts';
import { byExecution, execution, toExecution } from './external-action-executions.ts';
import { variableName } from './external-action-shapes.ts';
import type { Gateway } from './gateway.ts';
import type { Caller, Execution, ExternalActionRecord } from './ports.ts';
import { Problem, unknown } from './problem.ts';
import { operation } from './route.ts';
import { byId, readable, words } from './shapes.ts';

/** How long a request waits for a trial's end; later the log tells. */
const PATIENCE_MS = 20_000;

/** What the model found where no action of the list was meant (EXT-8). */
const NO_MATCH = new Set(['no_match', 'below_threshold']);

/** The trial itself broke: the model did not answer, or not usefully. */
const FAILED = 'trial_failed';

const value = z.union([z.string().max(20_000), z.number(), z.boolean(), z.null()]);

const trialBody = z
  .strictObject({
    mode: z.enum(['try', 'dry_run', 'live']),
    message: readable(words(20_000)).optional(),
    variables: z
      .record(variableName, value)
      .optional()
      .meta({ description: 'In place of what the model would find in the message' }),
  })
  .superRefine((body, context) => {
    const say = (field: string, message: string) =>
      context.addIssue({ code: 'custom', path: [field], message });
    if (body.mode === 'try' && body.variables !== undefined)
      say('variables', 'is for dry_run and live: try finds them in the message');
    if (body.message === undefined && body.variables === undefined) say('message', 'is missing');
  });

const tested = z
  .strictObject({
    mode: z.enum(['try', 'dry_run', 'live']),
    matched: z.boolean().nullable().meta({ description: 'null: the model was not asked, or is still' }),
    confidence: z.number().nullable(),
    variables: z.record(z.string(), z.unknown()),
    missing: z.array(z.string()),
    payload_preview: z.unknown().meta({ description: 'The request, secrets redacted' }),
    error_message: z.string().nullable().meta({ description: 'A code' }),
    execution: execution.nullable().meta({ description: 'Of a live test, and of one that is under way' }),
  })
  .meta({ id: 'ExternalActionTest' });

export const testExternalAction = operation({
  summary: 'Tries a message against an external action: understood only, without a call, or for real',
  params: byId,
  body: trialBody,
  status: 200,
  answer: tested,
  isUnderWay: (answer) => answer.execution?.status === 'pending',
  async run({ caller, params, body }, gateway) {
    const action = await gateway.externalActions.read(caller, params.id);
    if (action === null) throw unknown('external action');
    refuseUnknownVariables(action, body.variables ?? {});
    const { mode, message = '', variables } = body;
    const test = { mode, message, variables: (variables ?? {}) as Json };
    const planned = await gateway.executions.planTest(caller, params.id, test);
    if (planned === null) throw unknown('external action');
    const understand = variables === undefined;
    const row = await runTrial(
      caller,
      params.id,
      planned.callId,
      { understand, live: mode === 'live' },
      gateway,
    );
    const ended = hasEnded(row.state);
    return {
      mode,
      matched: understand && ended && row.error !== FAILED ? !NO_MATCH.has(row.error ?? '') : null,
      confidence: row.confidence,
      variables: isRecord(row.arguments) ? row.arguments : {},
      missing: row.missing,
      payload_preview: row.request,
      error_message: row.error === 'dry_run' ? null : row.error,
      execution: mode === 'live' || !ended ? toExecution(row) : null,
    };
  },
});

export const replayExecution = operation({
  summary: 'Calls the receiver once more as then, under the same Idempotency-Key',
  params: byExecution,
  body: z.strictObject({}).optional(),
  status: 200,
  answer: execution,
  also: [409],
  isUnderWay: (answer) => answer.status === 'pending',
  async run({ caller, params }, gateway) {
    const planned = await gateway.executions.planReplay(caller, params.id, params.execution);
    if (planned.kind === 'unknown') throw unknown('execution');
    if (planned.kind === 'not_replayable')
      throw new Problem(409, 'Only an execution that was called and has ended can be replayed.', {
        extra: { execution_state: planned.state },
      });
    const how = { understand: false, live: true };
    return toExecution(await runTrial(caller, params.id, planned.callId, how, gateway));
  },
});

/** Runs a planned row and returns it as it stands then. A row that no workflow runs does not stay planned. */
async function runTrial(
  caller: Caller,
  actionId: string,
  callId: string,
  how: Pick<TrialInput, 'understand' | 'live'>,
  { trials, executions }: Gateway,
): Promise<Execution> {
  const input = { organisationId: caller.organisationId, callId, ...how };
  let state: Awaited<ReturnType<typeof trials.run>>;
  try {
    state = await trials.run(input, PATIENCE_MS);
  } catch (error) {
    await executions.abandon(caller, callId, 'not_started');
    throw error;
  }
  if (state === 'not_started') {
    await executions.abandon(caller, callId, 'not_started');
    throw new Problem(503, 'Temporal, which runs this, is away for the moment. Nothing was called.', {
      retryAfterSeconds: 5,
    });
  }
  // A trial that failed before its row had ended will not end it any more.
  if (state === 'ended') await executions.abandon(caller, callId, FAILED);
  const row = await executions.read(caller, actionId, callId);
  if (row === null) throw new Error('a trial lost its row');
  return row;
}

function refuseUnknownVariables({ definition }: ExternalActionRecord, given: object): void {
  const known = new Set(definition.variables.map(({ name }) => name));
  const errors = Object.keys(given)
    .filter((name) => !known.has(name))
    .map((name) => ({ field: `variables.${name}`, message: 'is not a variable of this external action' }));
  if (errors.length > 0) throw new Problem(422, 'Some fields are not valid.', { errors });
}

function isRecord(json: Json): json is { [name: string]: Json } {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
