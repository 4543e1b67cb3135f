import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import type { RoomOutcome } from '../../activities/ports.ts';
import { toolOf } from '../../activities/tools/index.ts';
import { normalisedTags } from '../../activities/tools/tags.ts';
import type { NodeType } from '../../domain/tool.ts';
import { attemptWith, fakePorts, ready, refusal, resolve } from './tool-situation.ts';

const DIVISION = '0b9d8a1e-0000-4000-8000-0000000000d1';
const OPERATOR = '0b9d8a1e-0000-4000-8000-0000000000a1';
const LEFT = {
  epoch: 2,
  owner: 'operator',
  resolved: false,
  assignee: OPERATOR,
  closingCause: null,
} as const;
const done: RoomOutcome = { kind: 'done', leaves: LEFT, operatorId: OPERATOR, queued: false };

async function run(
  nodeType: NodeType,
  fields: Record<string, unknown>,
  proposed: object = {},
  room: RoomOutcome = done,
) {
  const fake = fakePorts({ room });
  const attempt = attemptWith(ready(nodeType, fields, proposed), { reliability: 'keyed' });
  const executed = await toolOf(nodeType).execute(fake.ports, attempt);
  assert.ok(executed.kind === 'ended');
  return { did: fake.rooms, ...executed };
}

describe('the tools for the conversation itself', () => {
  const assign = 'qontak_chat_room_assign';

  it('ACT-5 (QACT-S05 AC-1) assigns to whoever is free, and reports who leaves', async () => {
    const { did, outcome, leaves } = await run(assign, { assign_type: 'auto' });
    assert.deepEqual(did, [{ type: 'auto', closingMessage: null }]);
    assert.deepEqual(outcome.result, { ok: true, assigned: true, waiting_in_queue: false });
    assert.equal(leaves, LEFT);
  });

  it('ACT-5 (QACT-S05 AC-2) assigns inside a division', async () => {
    const { did } = await run(assign, { assign_type: 'division', division_id: DIVISION });
    assert.deepEqual(did, [{ type: 'division', divisionId: DIVISION, closingMessage: null }]);
  });

  it('ACT-5 (QACT-S05 AC-3) assigns to the operator who is named, with the closing message', async () => {
    const fields = { assign_type: 'agent', agent_id: OPERATOR, closing_message: 'Bye, {{customer_name}}' };
    const { did } = await run(assign, fields);
    assert.deepEqual(did, [{ type: 'agent', operatorId: OPERATOR, closingMessage: 'Bye, Budi' }]);
  });

  it('ACT-5 (QACT-S05 ERR-2) asks for the id that an assignment needs, on save and when it is called', () => {
    for (const [type, field] of [
      ['division', 'division_id'],
      ['agent', 'agent_id'],
    ] as const) {
      for (const blank of [undefined, null, '', '  ']) {
        const fields = { assign_type: type, [field]: blank };
        assert.deepEqual(toolOf(assign).problemsOf(fields), [
          { field, message: 'Division/Agent ID required' },
        ]);
        const resolved = resolve(assign, fields);
        assert.ok(resolved.kind === 'refused');
        assert.equal(resolved.message, 'Division/Agent ID required');
      }
      const proposed = { assign_type: type, [field]: '' };
      assert.equal(refusal(assign, {}, proposed), 'id_required');
    }
  });

  it('ACT-5 leaves to the model whom to assign only where the builder left open how', () => {
    assert.deepEqual(ready(assign, {}, { assign_type: 'agent', agent_id: OPERATOR }), {
      assign_type: 'agent',
      agent_id: OPERATOR,
    });
    const fixed = { assign_type: 'division', division_id: DIVISION };
    assert.equal(refusal(assign, fixed, { agent_id: OPERATOR }), 'bad_arguments');
    assert.equal(refusal(assign, { assign_type: 'auto' }, { division_id: DIVISION }), 'bad_arguments');
    assert.equal(refusal(assign, {}, { assign_type: 'everybody' }), 'bad_arguments');
  });

  it('ACT-5 says that the customer waits in a queue where nobody is online', async () => {
    const queued: RoomOutcome = { kind: 'done', leaves: LEFT, operatorId: null, queued: true };
    const { outcome } = await run(assign, { assign_type: 'auto' }, {}, queued);
    assert.deepEqual(outcome.result, { ok: true, assigned: false, waiting_in_queue: true });
  });

  for (const [nodeType, fields] of [
    [assign, { assign_type: 'auto' }],
    ['qontak_chat_room_resolve', {}],
    ['qontak_chat_room_tag', { tags: 'vip' }],
  ] as const) {
    it('ACT-5 (QACT-S05 ERR-1; QACT-S06 ERR-1) fails where the room is not found', async () => {
      const { outcome, leaves } = await run(
        nodeType,
        fields,
        {},
        { kind: 'refused', code: 'room_not_found' },
      );
      assert.deepEqual([outcome.state, outcome.reason], ['failed', 'room_not_found']);
      assert.equal((outcome.result as { ok: boolean }).ok, false);
      assert.equal(leaves, null);
    });
  }

  it('ACT-6 (QACT-S06 AC-1) resolves, with the closing message where there is one', async () => {
    const resolveRoom = 'qontak_chat_room_resolve';
    assert.deepEqual((await run(resolveRoom, {})).did, [{ message: null }]);
    assert.deepEqual((await run(resolveRoom, {}, { closing_message: 'Bye' })).did, [{ message: 'Bye' }]);
    const fixed = { closing_message: 'Thank you, {{customer_name}}' };
    assert.deepEqual((await run(resolveRoom, fixed)).did, [{ message: 'Thank you, Budi' }]);
  });
});

describe('tags', () => {
  const tag = 'qontak_chat_room_tag';
  const tagsOf = (tags: unknown) => (ready(tag, { tags }) as { tags: string[] }).tags;

  it('ACT-6 (QACT-S07 AC-1) sets an array of tags, normalised', async () => {
    const { did, outcome } = await run(tag, { tags: [' VIP ', 'vip', '', 'late  delivery'] });
    assert.deepEqual(did, [['VIP', 'late delivery']]);
    assert.deepEqual(outcome.result, { ok: true, tags: ['VIP', 'late delivery'] });
  });

  it('ACT-6 (QACT-S07 AC-2) takes objects with a name, text with commas, and what the model gives', () => {
    assert.deepEqual(tagsOf([{ name: 'vip' }, { name: ' Vip' }, 'new']), ['vip', 'new']);
    assert.deepEqual(tagsOf('vip, new ,, VIP,'), ['vip', 'new']);
    assert.deepEqual(tagsOf('{{channel}},{{customer_name}}'), ['whatsapp', 'Budi']);
    assert.deepEqual((ready(tag, {}, { tags: ['a', ' A', 'b'] }) as { tags: string[] }).tags, ['a', 'b']);
  });

  it('ACT-6 (QACT-S07 ERR-1) refuses a call without tags', () => {
    for (const tags of [[], [''], [' ', '']]) assert.equal(refusal(tag, {}, { tags }), 'empty_tags');
    for (const tags of [[''], ' , ,', [{ name: ' ' }]]) assert.equal(refusal(tag, { tags }), 'empty_tags');
    for (const tags of [[], [''], ' , ', 7, [{ title: 'x' }]])
      assert.equal(toolOf(tag).problemsOf({ tags }).length, 1, JSON.stringify(tags));
    assert.deepEqual(toolOf(tag).problemsOf({}), []);
  });

  it('ACT-6 normalises whatever it is given once and for all', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (tags) => {
        const once = normalisedTags(tags);
        assert.deepEqual(normalisedTags(once), once);
        assert.ok(once.every((each) => each !== '' && each.trim() === each));
        assert.equal(new Set(once.map((each) => each.toLowerCase())).size, once.length);
      }),
    );
  });
});
