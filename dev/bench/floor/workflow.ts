import {
  condition,
  defineSignal,
  proxyActivities,
  proxySinks,
  setHandler,
  workflowInfo,
  type Sinks,
} from '@temporalio/workflow';

/** Tells the process around the worker that a turn is over; no event, no trip to the server. */
export interface FloorSinks extends Sinks {
  turns: { over(workflowId: string): void };
}

export const messageSignal = defineSignal<[string]>('message');

const { callModel } = proxyActivities<{ callModel(text: string): Promise<string> }>({
  startToCloseTimeout: '60s',
});
const { turns } = proxySinks<FloorSinks>();

/** The barest conversation: a signal, a model call as activity, and again. */
export async function bareConversation(messages: number): Promise<void> {
  const waiting: string[] = [];
  setHandler(messageSignal, (text) => void waiting.push(text));
  for (let answered = 0; answered < messages; answered += 1) {
    await condition(() => waiting.length > 0);
    await callModel(waiting.shift() ?? '');
    turns.over(workflowInfo().workflowId);
  }
}
