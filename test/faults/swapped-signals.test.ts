import { strict as assert } from 'node:assert';
import type { ConversationView } from '../../contract/conversation.ts';
import type { EnteredRow } from '../../contract/rows.ts';
import { enteredRow } from '../../adapters/postgres/entered-row.ts';
import type { InboxRow } from '../../adapters/postgres/entered-row.ts';
import { genericCustomer } from '../journey/generic-customer.ts';
import type { GenericCustomer } from '../journey/generic-customer.ts';
import { eventually, openJourney } from '../journey/open-journey.ts';
import type { Journey } from '../journey/open-journey.ts';

type Deed = 'take-over' | 'hand-back' | 'resolve' | 'reply' | 'queue' | 'assign' | { says: string };

interface Story {
  name: string;
  deeds: Deed[];
  /** Which of the deeds' signals comes first, second, and so on; one that is named twice comes twice. */
  order: number[];
}

const STORIES: Story[] = [
  { name: "an operator's reply before its take-over", deeds: ['take-over', 'reply'], order: [1, 0] },
  {
    name: 'hand-back before take-over',
    deeds: ['take-over', { says: 'for the person' }, 'hand-back', { says: 'for the agent' }],
    order: [3, 2, 0, 1],
  },
  {
    name: 'a late message of before the take-over',
    deeds: [{ says: 'for the person' }, 'take-over', 'hand-back', { says: 'for the agent' }],
    order: [3, 1, 2, 0],
  },
  { name: 'resolve before the message', deeds: [{ says: 'too late' }, 'resolve'], order: [1, 0] },
  {
    name: 'the message before the resolve it came behind',
    deeds: ['resolve', { says: 'again' }],
    order: [1, 0],
  },
  {
    name: 'assign before the queue',
    deeds: ['queue', { says: 'to the queue' }, 'assign', 'reply'],
    order: [3, 2, 1, 0],
  },
  {
    name: 'all of a day, backwards and twice',
    deeds: [
      'take-over',
      'reply',
      'hand-back',
      'resolve',
      { says: 'again' },
      'queue',
      'assign',
      'hand-back',
      { says: 'last' },
    ],
    order: [8, 7, 6, 5, 4, 3, 2, 1, 0, 8, 0, 4],
  },
];

/** Nobody signals but the test: the worker with its relay is down, and Temporal is while people act. */
describe('signals that reach a conversation in another order than that of their commits', function () {
  this.timeout(180_000);
  let journey: Journey;
  before(async () => (journey = await openJourney({ env: { WORKFLOW_TASK_TIMEOUT_SECONDS: '2' } })));
  after(() => journey?.close());

  async function does(customer: GenericCustomer, deed: Deed, member: string): Promise<void> {
    if (typeof deed === 'object') return void (await customer.says(deed.says));
    const bodies: Partial<Record<string, object>> = {
      reply: { text: 'I am Olga' },
      queue: { assign_type: 'auto' },
      assign: { assign_type: 'agent', operator_id: member },
    };
    const path = `/v1/conversations/${customer.conversation()}/${deed === 'queue' ? 'assign' : deed}`;
    const answer = await journey.call('POST', path, { as: 'operator', body: bodies[deed] ?? {} });
    assert.ok([200, 202].includes(answer.status), `${deed}: ${answer.text}`);
  }

  /** What was committed since the first turn, as signals would carry it. */
  async function rowsOf(customer: GenericCustomer): Promise<EnteredRow[]> {
    const rows = await journey.sql<InboxRow>(
      `select id, kind, seq, epoch, received_at, about, operator_id from inbox
       where conversation_id = $1 and settled_at is null order by seq`,
      [customer.conversation()],
    );
    return rows.map(enteredRow);
  }

  async function end(customer: GenericCustomer) {
    const id = customer.conversation();
    const [row] = await journey.sql<{ owner: string; status: string; epoch: number; queued: boolean }>(
      `select owner, status, epoch, queued_at is not null as queued from conversations where id = $1`,
      [id],
    );
    const handle = journey.client.workflow.getHandle(`conversation/${id}`);
    const settled = await eventually('the workflow has settled', async () => {
      await customer.isDone();
      const view = await handle.query<ConversationView>('getState');
      const quiet = /^(?:silent|waiting for a message)/;
      const done = row?.status === 'resolved' || quiet.test(view.doing);
      return done && view.epoch === row?.epoch && view;
    });
    const messages = await journey.sql<{ body: { text: string }; answered: boolean }>(
      `select body, settled_reason = 'answered' as answered from inbox
       where conversation_id = $1 and kind = 'message' order by seq`,
      [id],
    );
    return {
      ...row,
      view: [settled.owner, settled.epoch, settled.status, settled.queued],
      answered: messages.map(({ body, answered }) => `${body.text}: ${answered}`),
      heard: (await customer.arrived()).map(({ body }) => body.kind),
    };
  }

  it('ESC-5 lead to the same end as in order, for replies, hand-backs, resolves and assignments', async () => {
    await journey.sql('update members set online = false');
    const [member] = await journey.sql<{ id: string }>(
      `select id from members where role = 'operator' order by id limit 1`,
    );
    const cast = STORIES.flatMap((story) => [
      { story, swapped: false },
      { story, swapped: true },
    ]);
    const customers: GenericCustomer[] = [];
    for (const _ of cast) {
      const customer = await genericCustomer(journey);
      await customer.says('Hello');
      await customer.hears(1);
      await customer.isDone();
      customers.push(customer);
    }
    await journey.stage.end('worker');
    await journey.stage.kill('temporal');
    for (const [n, { story }] of cast.entries())
      for (const deed of story.deeds) await does(customers[n] ?? assert.fail(), deed, member?.id ?? '');
    await journey.stage.start('temporal');
    for (const [n, { story, swapped }] of cast.entries()) {
      const customer = customers[n] ?? assert.fail();
      const handle = journey.client.workflow.getHandle(`conversation/${customer.conversation()}`);
      const rows = await rowsOf(customer);
      assert.equal(rows.length, story.deeds.length, 'every deed is a row');
      for (const place of swapped ? story.order : rows.map((_, at) => at)) {
        const row = rows[place] ?? assert.fail();
        await eventually('Temporal is back', async () => {
          await handle.signal('entered', { rows: [row] });
          return true;
        });
      }
    }
    await journey.stage.start('worker');
    const table: object[] = [];
    for (const [n, story] of STORIES.entries()) {
      const [ordered, swapped] = [customers[2 * n], customers[2 * n + 1]];
      const wanted = await end(ordered ?? assert.fail());
      const found = await end(swapped ?? assert.fail());
      assert.deepEqual(found, wanted, story.name);
      const { owner, status, epoch, answered, heard } = found;
      table.push({
        story: story.name,
        end: `${owner}, ${status}, epoch ${epoch}`,
        answered: answered.slice(1).join('; '),
        heard: heard.join(' '),
      });
    }
    console.table(table);
  });
});
