import { strict as assert } from 'node:assert';
import { genericCustomer } from '../../journey/generic-customer.ts';
import { openJourney } from '../../journey/open-journey.ts';
import type { Answer, Journey } from '../../journey/open-journey.ts';
import { heard, orderAction } from './order-action.ts';

describe('a builder’s changes to an external action', () => {
  let journey: Journey;
  before(async () => (journey = await openJourney()));
  after(() => journey?.close());

  const asBuilder = (method: string, path: string, body?: object): Promise<Answer> =>
    journey.call(method, path, { as: 'builder', body });

  it('EXT-1 (EA CRUD) are there for the next message: changed, switched, copied, deleted', async () => {
    const customer = await genericCustomer(journey);
    const action = await orderAction(journey, customer);
    let n = 0;
    const ordered = async (): Promise<[string, string] | undefined> => {
      n += 1;
      await customer.says(`I want to order ${n} lamps`);
      return (await heard(customer, n)).at(-1);
    };
    assert.deepEqual(await ordered(), ['outcome', 'Order A-7: 1 of lamps']);

    const changed = await action.change({ success_message: 'Ordered: {{quantity}}.', priority: 7 });
    assert.deepEqual([changed.status, changed.body['version'], changed.body['priority']], [200, 2, 7]);
    const { action_name, variables } = (await asBuilder('GET', action.path)).body;
    assert.deepEqual([action_name, (variables as object[]).length], ['create_order', 2], 'the rest stays');
    assert.deepEqual(await ordered(), ['outcome', 'Ordered: 2.']);

    const off = await asBuilder('POST', `${action.path}/toggle`, {});
    assert.deepEqual([off.status, off.body['is_active']], [200, false], off.text);
    assert.equal((await ordered())?.[0], 'reply', 'what is switched off is not offered');
    const on = await asBuilder('POST', `${action.path}/toggle`, { is_active: true });
    assert.equal(on.body['is_active'], true);
    assert.deepEqual(await ordered(), ['outcome', 'Ordered: 4.']);

    const copy = await asBuilder('POST', `${action.path}/duplicate`, { action_name: 'order_again' });
    assert.equal(copy.status, 201, copy.text);
    const { id, is_active, success_message } = copy.body;
    assert.deepEqual([is_active, success_message], [false, 'Ordered: {{quantity}}.']);
    const path = `/v1/external-actions/${id as string}`;
    await asBuilder('PATCH', path, { success_message: 'The copy ordered {{quantity}}.', priority: 8 });
    await asBuilder('POST', `${path}/toggle`, { is_active: true });
    assert.deepEqual(await ordered(), ['outcome', 'The copy ordered 5.']);

    assert.equal((await asBuilder('DELETE', path)).status, 200);
    assert.equal((await asBuilder('GET', path)).status, 404);
    assert.deepEqual(await ordered(), ['outcome', 'Ordered: 6.']);
    const log = await asBuilder('GET', `${path}/executions`);
    assert.deepEqual([log.status, (log.body['data'] as object[]).length], [200, 1], 'its log stays');
    const list = await asBuilder('GET', `/v1/external-actions?channel=${customer.channel}`);
    assert.deepEqual(
      (list.body['data'] as { action_name: string }[]).map((each) => each.action_name),
      ['create_order'],
    );
  });

  it('EXT-1 works at its own channel integration, and no other', async () => {
    const [here, elsewhere] = [await genericCustomer(journey), await genericCustomer(journey)];
    const action = await orderAction(journey, here);
    await elsewhere.says('I want to order 3 lamps');
    assert.equal((await heard(elsewhere, 1))[0]?.[0], 'reply');
    await here.says('I want to order 3 lamps');
    assert.equal((await heard(here, 1))[0]?.[0], 'outcome');
    assert.equal((await action.executions()).length, 1);
  });

  it('EXT-1 sends a GET as query parameters, and every method as the builder chose', async () => {
    const customer = await genericCustomer(journey);
    const action = await orderAction(journey, customer);
    for (const [n, method] of ['GET', 'PUT', 'PATCH'].entries()) {
      const changed = await action.change({ http_method: method });
      assert.equal(changed.status, 200, changed.text);
      await customer.says(`I want to order ${n + 1} lamps`);
      assert.equal((await heard(customer, n + 1)).at(-1)?.[1], `Order A-7: ${n + 1} of lamps`);
    }
    const came = (await action.taken()) as unknown as Record<string, unknown>[];
    assert.deepEqual(
      came.map(({ method, query }) => [method, Object.fromEntries(new URLSearchParams(String(query)))]),
      [
        ['GET', { product: 'lamps', quantity: '1', said: 'I want to order 1 lamps' }],
        ['PUT', {}],
        ['PATCH', {}],
      ],
    );
    assert.ok(came.every(({ signature }) => signature === 'valid'));
  });
});
