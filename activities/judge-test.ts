import { completeAgentSettings } from '../domain/agent.ts';
import type { Json } from '../domain/external-action.ts';
import { bestMatch } from '../domain/matching.ts';
import { redactedRequest } from '../domain/redacted-request.ts';
import { resolveVariables } from '../domain/variables.ts';
import { buildRequest } from '../domain/webhook-request.ts';
import { ParleyFailure } from '../contract/failures.ts';
import { actionOf } from './call-external-action.ts';
import { withHeartbeat } from './heartbeat.ts';
import { builtInValues } from '../domain/built-in-values.ts';
import type { ActivityPorts, Call, CallRef, ExternalActionVersion, JudgedTest } from './ports.ts';
import { callingPolicy } from './understood.ts';
import type { CallingPolicy } from './understood.ts';
import { parseUnderstanding, understandingRequest } from './prompts/understanding.ts';

type Ports = Pick<ActivityPorts, 'calls' | 'externalActions' | 'model' | 'clock'>;

/**
 * What a builder's test message would do (EXT-8): matched or not, the variables, the request as it would leave. Null:
 * nothing is to be called.
 */
export function makeJudgeTest(ports: Ports) {
  return async ({
    understand,
    live,
    ...ref
  }: CallRef & { understand: boolean; live: boolean }): Promise<CallingPolicy | null> => {
    const call = await ports.calls.read(ref);
    const action = call === null ? null : await actionOf(ports, ref, call);
    if (call === null || action === null) throw new ParleyFailure('CALL_UNKNOWN');
    const policy = callingPolicy(action);
    if (call.state !== 'planned') return call.state === 'calling' ? policy : null;
    const judged = await judge(ports, call, action, { understand, live });
    await ports.calls.judge(ref, judged, ports.clock.now());
    return judged.state === 'planned' ? policy : null;
  };
}

async function judge(
  ports: Ports,
  call: Call,
  action: ExternalActionVersion,
  { understand, live }: { understand: boolean; live: boolean },
): Promise<JudgedTest> {
  const given = understand
    ? await understood(ports, call.message, action)
    : { confidence: null, variables: call.arguments as Record<string, Json> };
  if (given === null)
    return {
      state: 'refused',
      reason: 'no_match',
      arguments: {},
      confidence: null,
      missing: [],
      preview: null,
    };
  const { confidence } = given;
  const matched = understand
    ? bestMatch([{ action: action.actionName, ...given, confidence: confidence ?? 0 }], [action]) !== null
    : true;
  const { values, missing } = resolveVariables(action.variables, given.variables);
  const preview = previewOf(action, call, values);
  const judged = { arguments: values, confidence, missing, preview };
  if (!matched) return { ...judged, state: 'refused', reason: 'below_threshold' };
  if (missing.length > 0) return { ...judged, state: 'refused', reason: 'variables_missing' };
  return live
    ? { ...judged, state: 'planned', reason: null }
    : { ...judged, state: 'cancelled', reason: 'dry_run' };
}

async function understood(
  { model, clock }: Pick<Ports, 'model' | 'clock'>,
  text: string,
  action: ExternalActionVersion,
): Promise<{ confidence: number; variables: Record<string, unknown> } | null> {
  const at = clock.now();
  const said = {
    settings: completeAgentSettings({}),
    summary: null,
    contact: { name: null, phone: null },
    history: [],
    messages: [{ id: '', seq: 1, providerMessageId: '', at, content: { kind: 'text' as const, text } }],
  };
  const request = understandingRequest(said, { actions: [action], open: null });
  const answer = parseUnderstanding(await withHeartbeat((signal) => model.complete(request, signal)));
  if (answer === null) throw new ParleyFailure('MODEL_ANSWER_UNUSABLE');
  return answer.candidates.find((candidate) => candidate.action === action.actionName) ?? null;
}

function previewOf(action: ExternalActionVersion, call: Call, values: Record<string, Json>): Json {
  const builtIns = builtInValues({
    contact: { name: null, phone: null },
    channel: 'generic',
    conversationId: null,
    message: call.message,
    at: call.plannedAt,
  });
  const request = buildRequest(action, { ...builtIns, ...values });
  if (request.kind === 'unusable') return { unusable: request.code };
  return redactedRequest(request, action.authentication);
}
