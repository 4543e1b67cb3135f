import { strict as assert } from 'node:assert';
import type { ChannelKind } from '../../domain/channel.ts';
import { ONLY_TALKING } from './reply.ts';
import { systemPrompt } from './system.ts';

const TOPICS = ['order status', 'refunds and returns'];

function promptOn(channel: ChannelKind, toolAssignments: string[]): string {
  const { ask, confirm, declined } = ONLY_TALKING;
  const situation = { settings: { toolAssignments }, channel, turn: 3 };
  return systemPrompt(situation, { name: 'p', prompt: 'You are the voice.' }, { ask, confirm, declined });
}

describe('the system prompt', () => {
  it('CHAN-6 (ESC Task 2.1) names every topic on WhatsApp, behind the transparency clause', () => {
    const prompt = promptOn('whatsapp', TOPICS);
    const clause = prompt.indexOf('answering on WhatsApp. Handle only these topics: ' + TOPICS.join(', '));
    assert.ok(clause > prompt.indexOf('you are an AI assistant'), prompt);
    assert.ok(clause < prompt.indexOf('turn 3'), prompt);
    assert.match(prompt, /Politely redirect/);
  });

  it('CHAN-6 (ESC Task 2.2) scopes nothing on Slack, nor on any other channel', () => {
    for (const channel of ['slack', 'webchat', 'generic'] as const) {
      assert.equal(promptOn(channel, TOPICS), promptOn(channel, []));
      assert.ok(!promptOn(channel, TOPICS).includes('order status'));
    }
  });

  it('CHAN-6 (ESC Task 2.3) scopes nothing on WhatsApp where no topics are assigned', () => {
    assert.ok(!promptOn('whatsapp', []).includes('Handle only'));
  });
});
