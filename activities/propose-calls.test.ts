import { strict as assert } from 'node:assert';
import type { AgentTool } from '../domain/tool.ts';
import type { CallContext } from './ports.ts';
import { judgeProposals } from './propose-calls.ts';
import { toolOf } from './tools/index.ts';

const CONTEXT: CallContext = {
  conversationId: 'c',
  channel: 'generic',
  channelIntegrationId: 'i',
  agentId: 'a',
  contact: { id: 'k', name: 'Ann', phone: null },
  turn: 1,
  epoch: 1,
  ownRecords: { deals: ['d'], tickets: [] },
};

describe('what becomes of proposed calls', () => {
  /** The state of the one call that a model proposes of this tool. */
  async function stateOf(added: AgentTool, args: object) {
    const tool = toolOf(added.nodeType);
    const offer = tool.offer(added);
    const calls = {
      madeBefore: () => Promise.resolve(null),
      waitingForApproval: () => Promise.resolve(null),
    };
    const proposals = {
      ref: { organisationId: 'o', conversationId: 'c' },
      taken: { messages: [], contact: CONTEXT.contact, channel: 'generic', turn: 1 },
      context: CONTEXT,
      offered: [{ tool, added, offer }],
      proposed: [{ id: 'p', name: offer.name, arguments: JSON.stringify(args) }],
      now: new Date('2026-11-21T10:00:00Z'),
    };
    const [judged] = await judgeProposals(
      { calls } as unknown as Parameters<typeof judgeProposals>[0],
      proposals as unknown as Parameters<typeof judgeProposals>[1],
    );
    return judged?.state;
  }

  it('APR-5 looks at the model’s parameter where a part of the request is called the same', async () => {
    const text = { type: 'string', description: '', required: true };
    const parameters = ['method', 'url'].map((name) => ({ ...text, name }));
    const fields = {
      name: 'pay',
      description: 'Pays',
      method: 'POST',
      url: 'https://shop.example/pay',
      body: { by: '{{method}}' },
      parameters,
    };
    const tool = (needsApproval: string) => ({
      nodeType: 'api' as const,
      fields,
      requiresConfirmation: false,
      needsApproval,
    });
    const byTransfer = { method: 'transfer', url: 'https://x.example' };
    assert.equal(await stateOf(tool('method == "transfer"'), byTransfer), 'awaiting_approval');
    assert.equal(await stateOf(tool('method == "cash"'), byTransfer), 'planned');
    assert.equal(await stateOf(tool('url contains "x.example"'), byTransfer), 'awaiting_approval');
  });

  it('APR-5 looks at what the builder fixed, too', async () => {
    const tool = (amount: number) => ({
      nodeType: 'qontak_crm_deal_update' as const,
      fields: { name: 'Deal', amount },
      requiresConfirmation: false,
      needsApproval: 'amount > 100',
    });
    assert.equal(await stateOf(tool(150), {}), 'awaiting_approval');
    assert.equal(await stateOf(tool(50), {}), 'planned');
  });
});
