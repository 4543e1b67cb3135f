import { strict as assert } from 'node:assert';
import { actingCustomer, script } from '../journey/acting-customer.ts';
import type { ActingCustomer } from '../journey/acting-customer.ts';
import { eventually, openJourney } from '../journey/open-journey.ts';
import type { Journey } from '../journey/open-journey.ts';
import { openWorkerHolds } from './holds.ts';
import type { WorkerHolds } from './holds.ts';

const ASK = 'submit_action_request';
const GIVEN = { request_type: 'refund', request_details: 'Twelve euros', priority: 'high' };
const BACK_MS = 60_000;

describe('people who act while Temporal is down', function () {
  this.timeout(180_000);
  let journey: Journey;
  let holds: WorkerHolds;
  before(async () => {
    holds = openWorkerHolds();
    journey = await openJourney({
      env: { WORKFLOW_TASK_TIMEOUT_SECONDS: '2' },
      processEnv: { worker: holds.env },
    });
    const flags = { actions_center: true };
    assert.equal((await journey.call('PUT', '/v1/feature-flags', { as: 'admin', body: flags })).status, 200);
  });
  after(async () => {
    await journey?.close();
    holds?.close();
  });

  const post = (path: string, body: object = {}) => journey.call('POST', path, { as: 'operator', body });
  const kinds = async (customer: ActingCustomer) => (await customer.arrived()).map(({ body }) => body.kind);

  async function answered(): Promise<ActingCustomer> {
    const customer = await actingCustomer(journey, [{ node_type: ASK, fields: {} }]);
    await customer.asks('Hello');
    await customer.isDone();
    return customer;
  }

  it('APR-3 ESC-5 are answered at once, and what they did arrives when it is back, with no word of the agent between', async () => {
    const decided = await answered();
    await script(journey, decided, { calls: [{ name: ASK, arguments: GIVEN }] }, { reply: 'I asked.' });
    await decided.asks('My money back');
    await decided.isDone();
    await journey.model('POST', '/control', { reset: true });
    const [action] = await journey.sql<{ id: string }>('select id from actions where conversation_id = $1', [
      decided.conversation(),
    ]);
    const replied = await answered();
    assert.equal((await replied.operate('take-over')).status, 200);
    const taken = await answered();
    const inTurn = await answered();
    // Its reply is planned when Temporal goes.
    const held = holds.hold('send.before_fence', inTurn.conversation());
    await inTurn.says(`And this? (${inTurn.word})`);
    await held.reached();
    const before = await Promise.all([decided, replied, taken, inTurn].map(kinds));

    await journey.stage.kill('temporal');
    const began = performance.now();
    const path = (customer: ActingCustomer) => `/v1/conversations/${customer.conversation()}`;
    const decision = { decision: 'approve', response: 'It is on its way.' };
    const answers = [
      await post(`/v1/approvals/${action?.id}/decision`, decision),
      await post(`${path(replied)}/reply`, { text: 'I am Olga' }),
      await post(`${path(taken)}/take-over`),
      await post(`${path(taken)}/reply`, { text: 'I am Olga, too' }),
      await post(`${path(inTurn)}/take-over`),
    ];
    const answeredMs = Math.round(performance.now() - began);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 202, 200, 202, 200],
    );
    await held.letGo();
    const says = await Promise.all(
      [decided, taken, inTurn].map((customer) => customer.says(`Hello? (${customer.word})`)),
    );
    await eventually('the held send is refused', async () => {
      const [row] = await journey.sql<{ state: string }>(
        `select state from outbound where conversation_id = $1 and cause = 'turn:2'`,
        [inTurn.conversation()],
      );
      return row?.state === 'refused';
    });
    assert.deepEqual(await Promise.all([decided, replied, taken, inTurn].map(kinds)), before);

    await journey.stage.start('temporal');
    const back = performance.now();
    const heard = async (customer: ActingCustomer, wanted: string[]) =>
      eventually(
        `${wanted.join(' ')} arrive`,
        async () => {
          const found = await kinds(customer);
          if (found.length > wanted.length) throw new Error(`heard ${found.join(' ')}`);
          return found.toSorted().join() === wanted.toSorted().join();
        },
        BACK_MS,
      );
    await heard(decided, ['reply', 'reply', 'outcome', 'reply']);
    await heard(replied, ['reply', 'operator']);
    await heard(taken, ['reply', 'operator']);
    await heard(inTurn, ['reply']);
    const backMs = Math.round(performance.now() - back);
    await Promise.all([decided, replied, taken, inTurn].map((customer) => customer.isDone()));
    const left = await journey.sql<{ provider_message_id: string; settled_reason: string }>(
      'select provider_message_id, settled_reason from inbox where provider_message_id = any ($1)',
      [says],
    );
    const reasons = says.map((id) => left.find((row) => row.provider_message_id === id)?.settled_reason);
    assert.deepEqual(reasons, ['answered', 'operator_has_it', 'operator_has_it']);
    const states = await journey.sql<{ state: string }>(
      `select state from outbound where conversation_id = $1 and cause = 'turn:2'`,
      [inTurn.conversation()],
    );
    assert.deepEqual(states, [{ state: 'refused' }]);
    console.log(
      `      five requests answered in ${answeredMs} ms while it was down; all arrived ${backMs} ms after it was back`,
    );
  });
});
