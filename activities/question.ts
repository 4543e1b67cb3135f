import type { ConversationRef } from '../contract/conversation.ts';
import { actionOf } from './call-external-action.ts';
import type { ActivityPorts, Call } from './ports.ts';
import type { Asking } from './prompts/system.ts';

/** What the reply is to ask the customer, or to say about what they did not want, in the builder's words. */
export async function askingFor(
  ports: Pick<ActivityPorts, 'calls' | 'externalActions'>,
  { organisationId }: ConversationRef,
  { asking, declined }: { asking: string | null; declined: string | null },
): Promise<Asking> {
  const asked = asking === null ? null : await ports.calls.read({ organisationId, callId: asking });
  const refused = declined === null ? null : await ports.calls.read({ organisationId, callId: declined });
  const question = asked === null ? NO_QUESTION : await questionOf(ports, organisationId, asked);
  return {
    ...question,
    declined: refused === null ? null : await nameOf(ports, organisationId, refused),
  };
}

const NO_QUESTION: Pick<Asking, 'ask' | 'confirm'> = { ask: null, confirm: null };

async function questionOf(
  ports: Pick<ActivityPorts, 'externalActions'>,
  organisationId: string,
  call: Call,
): Promise<Pick<Asking, 'ask' | 'confirm'>> {
  const action = await actionOf(ports, { organisationId }, call);
  const name = action?.displayName ?? call.tool;
  if (call.state !== 'gathering')
    return { ask: null, confirm: { action: name, again: call.reason === 'made_before' } };
  const missing = call.missing.map((variable) => ({
    name: variable,
    prompt: action?.variables.find(({ name: known }) => known === variable)?.prompt ?? variable,
  }));
  return { ask: { action: name, missing }, confirm: null };
}

async function nameOf(
  ports: Pick<ActivityPorts, 'externalActions'>,
  organisationId: string,
  call: Call,
): Promise<string> {
  return (await actionOf(ports, { organisationId }, call))?.displayName ?? call.tool;
}
