import { Context } from '@temporalio/activity';
import { ParleyFailure } from '../contract/failures.ts';
import { callModel } from './call-model.ts';
import type { ModelCall } from './call-model.ts';
import type { ActivityPorts, ModelAnswer, ModelRequest } from './ports.ts';

/** From this attempt on no pictures are shown: some endpoints answer them as if they were away. */
const BLIND_ATTEMPT = 3;

/**
 * Asks with the customer's pictures. An endpoint that takes none is asked without: the model then knows of them what the
 * messages say.
 */
export async function askSeeing<T>(
  ports: Pick<ActivityPorts, 'clock' | 'media' | 'model' | 'transcript'>,
  call: Omit<ModelCall, 'request' | 'pictures'>,
  requestThat: (sees: boolean) => ModelRequest,
  read: (answer: ModelAnswer) => T | null,
) {
  const request = requestThat(Context.current().info.attempt < BLIND_ATTEMPT);
  const shown = request.messages.flatMap((message) =>
    'pictures' in message ? (message.pictures ?? []).map(({ file }) => file) : [],
  );
  if (shown.length === 0) return callModel(ports, { ...call, request }, read);
  const pictures = await ports.media.bytes(call.ref, shown);
  try {
    return await callModel(ports, { ...call, request, pictures }, read);
  } catch (error) {
    if (!(error instanceof ParleyFailure) || error.code !== 'MODEL_REFUSED') throw error;
    return callModel(ports, { ...call, request: requestThat(false) }, read);
  }
}
