import { log } from '@temporalio/workflow';
import type { WhyTold } from '../activities/index.ts';
import type { Watch } from '../contract/conversation.ts';
import { deliver } from './deliver.ts';
import { failureCode, ownStore, people, untilStoreIsBack } from './effects.ts';
import type { TurnShell } from './shell.ts';

/** The row that changed who has it begins another wait, or ends this one; the relay repeats one that is lost. */
const ROW_ON_ITS_WAY_MS = 60_000;

/**
 * A customer has waited long enough for a person (ESC-6): Postgres judges by what was committed since, and does what
 * there is to do; here is only what follows from its verdict.
 */
export async function fireWatch(shell: TurnShell, watch: Watch): Promise<void> {
  const { epoch, seq, stage, since } = watch;
  const label = `a customer waits for a person, stage ${stage + 1}`;
  shell.doing(label);
  const order = { ...shell.ref, epoch, seq, stage, since, now: Date.now() };
  const verdict = await untilStoreIsBack(() =>
    ownStore.watchPeople.executeWithOptions({ summary: label }, [order]),
  );
  switch (verdict.kind) {
    case 'reminded':
      shell.tell({ fact: 'watchStageDone', at: Date.now() });
      return tellPeople(shell, label, 'waits');
    case 'rerouted': {
      const { epoch, assignee } = verdict;
      shell.tell({ fact: 'rerouted', at: Date.now(), epoch, assignee });
      return tellPeople(shell, label, 'rerouted');
    }
    case 'offered':
      shell.tell({ fact: 'offeredBack', epoch: verdict.epoch });
      await deliver(shell, { cause: verdict.cause, label: 'the agent goes on', regroup: false });
      return tellPeople(shell, label, 'given_back');
    case 'not_yet':
      return shell.tell({ fact: 'watchPostponed', due: verdict.at });
    case 'left':
      return shell.tell({ fact: 'watchPostponed', due: Date.now() + ROW_ON_ITS_WAY_MS });
    case 'over':
      return shell.tell({ fact: 'watchPostponed', due: null });
  }
}

/** Nothing waits for it but the end of the run. */
function tellPeople(shell: TurnShell, summary: string, why: WhyTold): void {
  const telling = `telling: ${summary}`;
  shell.aside.add(telling);
  const tell = () => people.tellHuman.executeWithOptions({ summary }, [{ ...shell.ref, why }]);
  void untilStoreIsBack(tell, 'CALL_TRY_AGAIN')
    .then(({ told, code }) => {
      if (!told && code !== null) log.warn('nobody could be told', { why, code });
    })
    .catch((error) => log.warn('nobody could be told', { why, code: failureCode(error, 'CALL_TRY_AGAIN') }))
    .finally(() => shell.aside.delete(telling));
}
