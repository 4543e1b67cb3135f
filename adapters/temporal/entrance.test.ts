import { strict as assert } from 'node:assert';
import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { enter } from './entrance.ts';
import type { Entrance } from './entrance.ts';

const OPTIONS = { workflowTaskTimeoutSeconds: 10, modelQueue: null, turnsPerRun: null, deliveryReportMs: 1 };
const MESSAGE: Entrance = {
  ref: { organisationId: 'o', conversationId: 'c' },
  rows: [{ id: 'm', kind: 'message', seq: 2, epoch: 1, at: 0 }],
  agentId: 'a',
  channelIntegrationId: 'i',
  channel: 'generic',
};

/** A Temporal that answers plain signals as told, and notes what it was asked. */
function temporal(answer: Error | null): { client: Client; asked: string[] } {
  const asked: string[] = [];
  const note = (what: string, error: Error | null) => {
    asked.push(what);
    return error === null ? Promise.resolve() : Promise.reject(error);
  };
  const client = {
    withDeadline: (_at: number, work: () => Promise<void>) => work(),
    workflow: {
      getHandle: (id: string) => ({ signal: (name: string) => note(`${name} to ${id}`, answer) }),
      signalWithStart: (_type: string, { signal, workflowId }: { signal: string; workflowId: string }) =>
        note(`start or ${signal} to ${workflowId}`, null),
    },
  };
  return { client: client as unknown as Client, asked };
}

const gone = () => new WorkflowNotFoundError('no such workflow', 'conversation/c', undefined);

describe('what enters a conversation', () => {
  it('CONV-2 a message to an open conversation is only signalled', async () => {
    const { client, asked } = temporal(null);
    await enter(client, { ...MESSAGE, wasOpen: true }, OPTIONS);
    assert.deepEqual(asked, ['entered to conversation/c']);
  });

  it('CONV-2 it starts the workflow where none runs after all', async () => {
    const { client, asked } = temporal(gone());
    await enter(client, { ...MESSAGE, wasOpen: true }, OPTIONS);
    assert.deepEqual(asked, ['entered to conversation/c', 'start or entered to conversation/c']);
  });

  it('CONV-2 a message that opened the conversation starts the workflow at once', async () => {
    const { client, asked } = temporal(gone());
    await enter(client, { ...MESSAGE, wasOpen: false }, OPTIONS);
    assert.deepEqual(asked, ['start or entered to conversation/c']);
  });

  it('CONV-2 a Temporal that is away is no reason to start anything', async () => {
    const { client, asked } = temporal(new Error('away'));
    await assert.rejects(enter(client, { ...MESSAGE, wasOpen: true }, OPTIONS), /away/);
    assert.deepEqual(asked, ['entered to conversation/c']);
  });

  it('CHAN-3 an operator’s reply starts the workflow where Temporal has lost it', async () => {
    const { client, asked } = temporal(gone());
    await enter(client, { ...MESSAGE, rows: [{ id: 'r', kind: 'reply', seq: 3, epoch: 1, at: 0 }] }, OPTIONS);
    assert.deepEqual(asked, ['start or entered to conversation/c']);
  });

  it('CONV-2 a command starts no workflow', async () => {
    const { client, asked } = temporal(gone());
    const command: Entrance = { ...MESSAGE, rows: [{ id: 'r', kind: 'resolve', seq: 3, epoch: 1, at: 0 }] };
    await assert.rejects(enter(client, command, OPTIONS), WorkflowNotFoundError);
    assert.deepEqual(asked, ['entered to conversation/c']);
  });
});
