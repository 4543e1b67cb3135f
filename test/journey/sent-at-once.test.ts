import { strict as assert } from 'node:assert';
import { genericCustomer } from './generic-customer.ts';
import { openJourney } from './open-journey.ts';
import type { Journey } from './open-journey.ts';

describe('where a reply is sent', () => {
  let journey: Journey | undefined;
  afterEach(() => journey?.close());

  /** What the history of an answered message says beside its activities: local activities and patches, as Temporal keeps them. */
  async function markersOfTurn(env: Record<string, string>): Promise<string> {
    const opened = (journey = await openJourney({ env }));
    const customer = await genericCustomer(opened, { natural_language_escalation: false });
    await customer.says('Hello');
    await customer.hears(1);
    await customer.isDone();
    const handle = opened.client.workflow.getHandle(`conversation/${customer.conversation()}`);
    const { events } = await handle.fetchHistory();
    return (events ?? [])
      .flatMap(({ markerRecordedEventAttributes: marker }) => Object.values(marker?.details ?? {}))
      .flatMap(({ payloads }) => (payloads ?? []).map(({ data }) => Buffer.from(data ?? []).toString()))
      .join('\n');
  }

  it('CONV-9 is the step that composed it, which keeps older code from sending it once more', async () => {
    const markers = await markersOfTurn({});
    assert.match(markers, /openConversation/);
    assert.doesNotMatch(markers, /sendReply/);
    assert.match(markers, /sent-where-composed/);
  });

  it('CHAN-3 is a step of the conversations’ own workers where model calls have a queue of their own', async () => {
    assert.match(await markersOfTurn({ MODEL_TASK_QUEUE: 'models' }), /sendReply/);
  });
});
