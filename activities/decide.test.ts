import { strict as assert } from 'node:assert';
import { DEFAULT_EXTERNAL_ACTION } from '../domain/external-action.ts';
import type { Variable } from '../domain/external-action.ts';
import { decide } from './decide.ts';
import type { Call, ExternalActionVersion } from './ports.ts';
import type { Understanding } from './prompts/understanding.ts';

const quantity: Variable = {
  name: 'quantity',
  prompt: 'How many?',
  type: 'whole_number',
  required: true,
  defaultValue: null,
  options: [],
};

function action(name: string, change: Partial<ExternalActionVersion> = {}): ExternalActionVersion {
  return {
    ...DEFAULT_EXTERNAL_ACTION,
    trainingExamples: [],
    id: `id-${name}`,
    version: 1,
    isActive: true,
    channelIntegrationId: 'channel',
    actionName: name,
    displayName: name,
    webhookUrl: 'https://example.com/',
    headers: {},
    payloadTemplate: {},
    variables: [],
    ...change,
  };
}

function understood(change: Partial<Understanding> = {}): Understanding {
  return { coreIntent: 'general', wantsHuman: false, candidates: [], pendingAnswer: null, ...change };
}

function openCall(change: Partial<Call>): Call {
  return { id: 'open', tool: 'external_action', arguments: {}, confidence: 0.9, ...change } as Call;
}

const order = action('order', { variables: [quantity] });

describe('what a turn decides', () => {
  it('INT-2 (EA Test 2) talks when no external action matches', () => {
    const weak = understood({ candidates: [{ action: 'order', confidence: 0.79, variables: {} }] });
    assert.deepEqual(decide(weak, { actions: [order], open: null }), { kind: 'talk', cancel: null });
  });

  it('INT-2 prefers priority to confidence', () => {
    const both = understood({
      candidates: [
        { action: 'order', confidence: 0.99, variables: { quantity: 2 } },
        { action: 'refund', confidence: 0.81, variables: {} },
      ],
    });
    const decision = decide(both, { actions: [order, action('refund', { priority: 5 })], open: null });
    assert.equal(decision.kind === 'act' && decision.action.actionName, 'refund');
  });

  it('EXT-2 names what is missing instead of sending a hole', () => {
    const match = understood({
      candidates: [{ action: 'order', confidence: 0.9, variables: { quantity: 'some' } }],
    });
    const decision = decide(match, { actions: [order], open: null });
    assert.deepEqual(decision.kind === 'act' && decision.missing, ['quantity']);
  });

  it('EXT-2 goes on with what the customer said before', () => {
    const open = openCall({
      state: 'gathering',
      externalAction: { id: order.id, version: 1 },
      arguments: { product: 'lamp' },
    });
    const decision = decide(
      understood({
        pendingAnswer: 'changes',
        candidates: [{ action: 'order', confidence: 0.2, variables: { quantity: '3' } }],
      }),
      { actions: [order], open },
    );
    assert.equal(decision.kind, 'act');
    assert.deepEqual(decision.kind === 'act' && [decision.values, decision.missing, decision.cancel], [
      { quantity: 3 },
      [],
      'replaced',
    ]);
  });

  it('EXT-4 runs what the customer agreed to, and only a question that asked for agreement', () => {
    const asked = openCall({ state: 'awaiting_confirmation', externalAction: { id: order.id, version: 1 } });
    const yes = understood({ pendingAnswer: 'agrees' });
    assert.deepEqual(decide(yes, { actions: [order], open: asked }), { kind: 'agreed', call: asked });
    const gathering = openCall({ state: 'gathering', externalAction: { id: order.id, version: 1 } });
    assert.equal(decide(yes, { actions: [order], open: gathering }).kind, 'act');
  });

  it('EXT-4 cancels without a call on refusal, and on another topic', () => {
    const open = openCall({ state: 'awaiting_confirmation', externalAction: { id: order.id, version: 1 } });
    const offered = { actions: [order], open };
    assert.deepEqual(decide(understood({ pendingAnswer: 'refuses' }), offered), {
      kind: 'talk',
      cancel: 'customer_refused',
    });
    assert.deepEqual(decide(understood({ pendingAnswer: 'other' }), offered), {
      kind: 'talk',
      cancel: 'other_topic',
    });
  });

  it('EXT-4 takes an answer that the model did not judge for another topic, never for a yes', () => {
    const open = openCall({ state: 'awaiting_confirmation', externalAction: { id: order.id, version: 1 } });
    assert.equal(decide(understood(), { actions: [order], open }).kind, 'talk');
  });
});
