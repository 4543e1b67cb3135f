import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { NODE_TYPES } from '../../domain/tool.ts';
import type { NodeType } from '../../domain/tool.ts';
import { whatIsWrongWithChat } from '../../dev/offline-model/chat-request.ts';
import type { JsonSchema } from '../../dev/offline-model/chat-request.ts';
import { added, ready, refusal, resolve, situationWith } from '../../test/actions/tool-situation.ts';
import { TOOLS, toolOf } from './index.ts';

const NEW = { crm_pipeline_id: 1, crm_stage_id: 2 };
const API = {
  name: 'orders',
  description: 'Finds an order',
  method: 'GET',
  url: 'https://shop.example/orders',
};
const CREATES = ['qontak_crm_deal_create', 'qontak_crm_ticket_create'] as const;
const UPDATES = ['qontak_crm_deal_update', 'qontak_crm_ticket_update'] as const;

const problems = (nodeType: NodeType, fields: Record<string, unknown>) =>
  toolOf(nodeType)
    .problemsOf(fields)
    .map(({ field, message }) => `${field} ${message}`);

const offered = (nodeType: NodeType, fields: Record<string, unknown>) =>
  Object.keys(
    (toolOf(nodeType).offer(added(nodeType, fields)).parameters as { properties: object }).properties,
  );

const own = situationWith({ ownRecords: { deals: ['51', '50'], tickets: ['61', '60'] } });

describe('the tools a builder adds', () => {
  it('ACT-1 (QACT GAP) has one tool for each node type, in its group', () => {
    assert.deepEqual(
      TOOLS.map(({ nodeType, group }) => `${group} ${nodeType}`),
      [
        'mekari_qontak_crm qontak_crm_deal_create',
        'mekari_qontak_crm qontak_crm_deal_update',
        'mekari_qontak_crm qontak_crm_ticket_create',
        'mekari_qontak_crm qontak_crm_ticket_update',
        'mekari_qontak_chat qontak_chat_room_assign',
        'mekari_qontak_chat qontak_chat_room_resolve',
        'mekari_qontak_chat qontak_chat_room_tag',
        'api api',
        'actions_center submit_action_request',
      ],
    );
  });

  it('ACT-10 (QACT NEG) has no tool besides', () => {
    assert.deepEqual(TOOLS.map(({ nodeType }) => nodeType).sort(), [...NODE_TYPES].sort());
    assert.ok(
      TOOLS.every(({ nodeType }) => !/talenta|jurnal|desty|google|calendly|midtrans|attach/.test(nodeType)),
    );
  });

  for (const { nodeType } of TOOLS) {
    it(`ACT-1 shows a model a strict schema of ${nodeType}`, () => {
      const fields = nodeType === 'api' ? { ...API, parameters: [{ name: 'a', required: false }] } : {};
      const { name, description, parameters } = toolOf(nodeType).offer(added(nodeType, fields));
      const strict = { name, description, parameters: parameters as JsonSchema, strict: true };
      const request = {
        model: 'm',
        messages: [{ role: 'user' as const, content: 'x' }],
        tools: [{ type: 'function' as const, function: strict }],
      };
      assert.equal(whatIsWrongWithChat(request), undefined);
      assert.ok(description.length > 0);
      assert.deepEqual(
        (parameters as JsonSchema).required,
        Object.keys((parameters as JsonSchema).properties ?? {}),
      );
    });
  }

  for (const nodeType of CREATES) {
    it(`ACT-3 (QACT-S01 BOUNDARY) refuses to save ${nodeType} without pipeline or stage`, () => {
      assert.deepEqual(problems(nodeType, {}), ['crm_pipeline_id is required', 'crm_stage_id is required']);
      assert.deepEqual(problems(nodeType, { crm_pipeline_id: '', crm_stage_id: null }).length, 2);
      assert.deepEqual(problems(nodeType, NEW), []);
      assert.deepEqual(problems(nodeType, { crm_pipeline_id: '12', crm_stage_id: ' 3 ' }), []);
      for (const wrong of ['twelve', 0, -1, 1.5, true, {}, '{{deal_id}}'])
        assert.equal(problems(nodeType, { ...NEW, crm_stage_id: wrong }).length, 1, JSON.stringify(wrong));
    });

    it(`ACT-3 (QACT-S01 BOUNDARY) cuts a name of ${nodeType} that came out too long, and refuses one that is written so`, () => {
      assert.equal(problems(nodeType, { ...NEW, name: 'x'.repeat(256) }).length, 1);
      const long = situationWith({}, { message_text: 'x'.repeat(5_000) });
      const { name } = ready(nodeType, { ...NEW, name: 'About {{message_text}}' }, {}, long) as {
        name: string;
      };
      assert.equal(name.length, 255);
    });

    it(`ACT-3 offers the model of ${nodeType} nothing that says where the record goes`, () => {
      const allowed = nodeType === 'qontak_crm_deal_create' ? ['name', 'tags'] : ['name'];
      assert.deepEqual(offered(nodeType, NEW), allowed);
      assert.deepEqual(offered(nodeType, { ...NEW, name: 'Fixed' }), allowed.slice(1));
    });
  }

  it('ACT-3 refuses fields that a tool does not have, and placeholders that do not exist', () => {
    assert.deepEqual(problems('qontak_crm_ticket_create', { ...NEW, organisation_id: 'x' }), [
      'organisation_id is not a field of this tool',
    ]);
    for (const name of ['{{customer_nam}}', '{{ }}', '{{customer_name', 'a }} b', '{{response.id}}'])
      assert.equal(problems('qontak_crm_ticket_create', { ...NEW, name }).length, 1, name);
    assert.deepEqual(
      problems('qontak_crm_ticket_create', { ...NEW, name: '{{ customer_name }} {{deal_id}}' }),
      [],
    );
  });

  it('ACT-3 takes no id that a customer’s words could come through', () => {
    assert.equal(problems('qontak_crm_ticket_update', { id: '{{message_text}}' }).length, 1);
    assert.equal(problems('qontak_crm_ticket_update', { id: '{{deal_id}}' }).length, 1);
    assert.equal(problems('qontak_crm_deal_update', { x_trace_id: '{{message_text}}' }).length, 1);
    assert.deepEqual(problems('qontak_crm_ticket_update', { id: '{{ticket_id}}' }), []);
    assert.deepEqual(problems('qontak_crm_ticket_update', { id: 'T-77' }), []);
    assert.equal(problems('qontak_crm_ticket_update', { id: '../deals/1' }).length, 1);
  });
});

describe('what a model proposes', () => {
  it('ACT-3 takes the builder’s values over the model’s, which it refuses instead of merging', () => {
    for (const more of [
      { crm_pipeline_id: 9 },
      { creator_id: 9 },
      { organisation_id: 'other' },
      { customer_contact_association: true },
      { __proto__x: 1 },
    ])
      assert.equal(refusal('qontak_crm_ticket_create', NEW, { name: 'x', ...more }), 'bad_arguments');
    assert.equal(
      refusal('qontak_crm_ticket_create', { ...NEW, name: 'Fixed' }, { name: 'x' }),
      'bad_arguments',
    );
  });

  it('ACT-3 tells the model which argument is wrong without its value', () => {
    const resolved = resolve('qontak_crm_deal_create', NEW, {
      name: 'Secret words',
      tags: [{ a: 'canary' }],
    });
    assert.ok(resolved.kind === 'refused');
    assert.match(resolved.message, /tags\.0/);
    assert.doesNotMatch(resolved.message, /canary|Secret/);
    for (const proposed of [null, 'text', [], 7])
      assert.equal(refusal('qontak_crm_deal_create', NEW, proposed), 'bad_arguments');
  });

  it('ACT-3 takes what a model leaves out, or leaves blank, for nothing', () => {
    assert.deepEqual(ready('qontak_crm_deal_create', NEW, { name: ' Lamp ' }), {
      name: 'Lamp',
      crm_pipeline_id: 1,
      crm_stage_id: 2,
    });
    assert.deepEqual(ready('qontak_crm_ticket_update', { crm_stage_id: 3 }, { id: '', name: '' }, own), {
      id: '61',
      crm_stage_id: 3,
    });
    assert.equal(refusal('qontak_crm_deal_create', NEW, { name: '  ' }), 'bad_arguments');
  });

  it('EXT-2 never reads what a customer or a model wrote as a placeholder', () => {
    fc.assert(
      fc.property(
        fc.string().filter((text) => text.trim() !== ''),
        (text) => {
          const tricky = `{{deal_id}} ${text} {{phone_number}}`.slice(0, 200);
          const situation = situationWith({ contact: { id: 'c', name: tricky, phone: '+1' } });
          const fixed = ready(
            'qontak_crm_ticket_create',
            { ...NEW, name: '{{customer_name}}' },
            {},
            situation,
          );
          assert.equal((fixed as { name: string }).name, tricky.trim());
          const models = ready('qontak_crm_ticket_create', NEW, { name: tricky }, situation);
          assert.equal((models as { name: string }).name, tricky.trim());
        },
      ),
    );
  });

  it('ACT-3 refuses a name that came out empty, and lets a name that is not known leave no braces', () => {
    const nobody = situationWith({ contact: { id: null, name: null, phone: null } });
    const fields = (name: string) => ({ ...NEW, name });
    assert.equal(
      refusal('qontak_crm_ticket_create', fields('{{customer_name}}'), {}, nobody),
      'missing_field',
    );
    const { name } = ready('qontak_crm_ticket_create', fields('Lamp for {{customer_name}}'), {}, nobody) as {
      name: string;
    };
    assert.equal(name, 'Lamp for');
  });
});

describe('which record an update means', () => {
  for (const nodeType of UPDATES) {
    const [newest, older, foreign] =
      nodeType === 'qontak_crm_deal_update' ? ['51', '50', '61'] : ['61', '60', '51'];
    const named = (id: unknown, situation = own) => refusal(nodeType, {}, { id, name: 'x' }, situation);

    it(`ACT-4 ${nodeType} changes the newest record of the conversation, or an own one that is named`, () => {
      const idOf = (id: unknown) => (ready(nodeType, {}, { id, name: 'x' }, own) as { id: string }).id;
      assert.equal(idOf(null), newest);
      assert.equal(idOf(older), older);
    });

    it(`ACT-3 (QACT CUSTOMER) ${nodeType} refuses a record of somebody else, whoever asks for it`, () => {
      for (const id of [foreign, '1', '51/../60', 'constructor', '0'])
        assert.equal(named(id), 'foreign_record', id);
      assert.equal(named(newest, situationWith()), 'foreign_record');
    });

    it(`ACT-4 (QACT-S03 ERR-1; QACT-S04 ERR-1) refuses an update whose id cannot be resolved`, () => {
      assert.equal(named(null, situationWith()), 'id_unresolved');
      const placeholder = nodeType === 'qontak_crm_deal_update' ? '{{deal_id}}' : '{{ticket_id}}';
      assert.equal(refusal(nodeType, { id: placeholder }, { name: 'x' }, situationWith()), 'id_unresolved');
      assert.equal((ready(nodeType, { id: placeholder }, { name: 'x' }, own) as { id: string }).id, newest);
    });

    it(`ACT-3 ${nodeType} refuses an update of nothing`, () => {
      assert.equal(refusal(nodeType, {}, {}, own), 'nothing_to_change');
      assert.equal(refusal(nodeType, { id: '7' }, {}, own), 'nothing_to_change');
      assert.equal(refusal(nodeType, { id: '7' }, { name: 'x' }, situationWith()), null);
    });
  }
});
