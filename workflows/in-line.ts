import { condition } from '@temporalio/workflow';
import type { TurnShell } from './shell.ts';

/**
 * Told in line, until the channel says "not now": that may last for an hour, and a customer who writes does not wait
 * for it. A decision whose row is signalled again meanwhile is being told already.
 */
export async function inLine(
  { aside }: TurnShell,
  cause: string,
  telling: (onWait: () => void) => Promise<unknown>,
): Promise<void> {
  if (aside.has(cause)) return;
  let waits = true;
  const goOn = () => void (waits = false);
  aside.add(cause);
  void telling(goOn).finally(() => {
    aside.delete(cause);
    goOn();
  });
  await condition(() => !waits);
}
