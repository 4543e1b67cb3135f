import { log } from '@temporalio/workflow';
import { failureCode, files, ownStore, reliably, untilStoreIsBack } from './effects.ts';
import type { Round, TurnShell } from './shell.ts';

/**
 * Fetches the files of these messages and has recordings written down, before a model is asked (CHAN-7); what is written
 * meanwhile is answered with them. What cannot be had in time is given up, which the model is told: the turn never fails
 * for it.
 */
export async function fetchForTurn({ shell, turn }: Round, messages: string[]): Promise<void> {
  shell.doing(`turn ${turn}: fetching what the customer sent`);
  await fetchMedia(shell, turn, messages);
}

async function fetchMedia(shell: TurnShell, turn: number, messages: string[]): Promise<void> {
  const order = { ...shell.ref, turn, messages };
  const summary = `turn ${turn}: ${messages.length === 1 ? 'a file' : `${messages.length} files`}`;
  try {
    await untilStoreIsBack(
      () => files.fetchMedia.executeWithOptions({ summary }, [order]),
      'MEDIA_TRY_AGAIN',
    );
  } catch (error) {
    log.warn('files are given up', { turn, code: failureCode(error, 'MEDIA_TRY_AGAIN') });
    await untilStoreIsBack(() => ownStore.giveUpMedia(order));
  }
}

/** For the people who have the conversation: no turn waits for what was sent to them, and they want to see it. */
export function fetchAside(shell: TurnShell, messages: string[] | undefined): void {
  const cause = `media:${messages?.[0]}`;
  if (messages === undefined || messages.length === 0 || shell.aside.has(cause)) return;
  shell.aside.add(cause);
  void reliably('fetch files', () => fetchMedia(shell, shell.state().turn, messages)).finally(() =>
    shell.aside.delete(cause),
  );
}
