import { patched } from '@temporalio/workflow';
import type { TurnShell } from './shell.ts';

/**
 * Whether the conversation changed hands since that epoch: what such a change would end need not begin to be waited for.
 * Asked behind every effect that a change of hands may come during. Histories of before this was asked go on waiting.
 */
export function changedHandsSince(shell: Pick<TurnShell, 'state'>, epoch: number): boolean {
  return shell.state().epoch > epoch && patched('changed-hands-before-the-wait');
}
