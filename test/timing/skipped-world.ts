import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import type { ActivityPorts, ModelAnswer } from '../../activities/ports.ts';
import { openApprovals } from '../../adapters/postgres/approvals.ts';
import { openTurnStores } from '../../adapters/postgres/index.ts';
import { openInbox } from '../../adapters/postgres/inbox.ts';
import { openPool } from '../../adapters/postgres/pool.ts';
import { openSecrets } from '../../adapters/secrets/secrets.ts';
import { enter } from '../../adapters/temporal/entrance.ts';
import type { Caller, OutgoingSignal } from '../../api/ports.ts';
import type { ConversationView } from '../../contract/conversation.ts';
import { approvalWorkflowId, conversationWorkflowId } from '../../contract/ids.ts';
import { openTestDatabase } from '../../dev/test-database.ts';
import { until } from '../../dev/until.ts';
import type { AgentSettings } from '../../domain/agent.ts';
import type { ChannelKind } from '../../domain/channel.ts';
import { look, makeIntegration, textMessage } from '../postgres/installation.ts';
import { openSkippedTime } from './skipped-time.ts';
import type { SkippedTime } from './skipped-time.ts';

/** What reached a customer, and when by the clock that was moved. */
export interface Heard {
  kind: string;
  text: string;
  at: Date;
}

const ENTRANCE = {
  workflowTaskTimeoutSeconds: 10,
  modelQueue: null,
  turnsPerRun: null,
  deliveryReportMs: 60_000,
};
const FLAGS = ['ai_agent_sequential_idle', 'actions_center'];
const PATIENCE_MS = 20_000;

/**
 * The product's workflows and activities on the real stores, in a time that can be moved; channel and model are stubs.
 * Null where there is no server for it.
 */
export async function openSkippedWorld(): Promise<SkippedWorld | null> {
  const time = await openSkippedTime();
  return time === null ? null : openWorld(time);
}

export type SkippedWorld = Awaited<ReturnType<typeof openWorld>>;

async function openWorld(time: SkippedTime) {
  const database = await openTestDatabase();
  const pool = openPool(database.appUrl, { max: 4 });
  const secrets = openSecrets(`k1:${Buffer.alloc(32, 1).toString('base64')}`);
  const stores = await openTurnStores({ url: database.appUrl, poolSize: 8, clock: time.clock, secrets });
  const heard = new Map<string, Heard[]>();
  const answers: ModelAnswer[] = [];
  await time.work(portsOf());

  /** Calls for what these tests leave out fail by name. */
  function portsOf(): ActivityPorts {
    const ports: Partial<ActivityPorts> = {
      ...stores,
      clock: time.clock,
      failpoint: () => undefined,
      failures: { record: ({ error }) => console.error(error) },
      conversationUrl: (id) => `http://127.0.0.1/${id}`,
      model: { complete: () => Promise.resolve(answers.shift() ?? says('Noted.')) },
      channels: {
        send({ conversationId, kind, text }) {
          const all = heard.get(conversationId) ?? [];
          heard.set(conversationId, [...all, { kind, text, at: time.clock.now() }]);
          return Promise.resolve({ kind: 'sent', providerMessageId: randomUUID() });
        },
      },
    };
    return ports as ActivityPorts;
  }

  async function signal(outgoing: OutgoingSignal | null): Promise<void> {
    if (outgoing !== null) await enter(time.client, { ...outgoing, rows: [outgoing.row] }, ENTRANCE);
  }

  /** A customer of an agent of their own, who has not written yet. */
  async function customer(settings: Partial<AgentSettings>, channel: ChannelKind = 'generic') {
    const integration = await makeIntegration(pool, channel, settings);
    const { organisationId } = integration;
    for (const flag of FLAGS)
      await look(pool, organisationId, 'insert into feature_flags values ($1, $2, true, $3)', [
        organisationId,
        flag,
        new Date(0),
      ]);
    const caller: Caller = { organisationId, keyId: randomUUID(), memberId: null, role: 'operator' };
    let conversationId = '';
    const workflow = () => time.client.workflow.getHandle(conversationWorkflowId(conversationId));

    return {
      /** @returns when it was received */
      async says(text: string): Promise<Date> {
        const at = await time.now();
        const received = await openInbox(pool).receive(integration, textMessage(text), at);
        ({ conversationId } = received);
        await signal(received.signal);
        return at;
      },
      /** Waits until so many messages came, and no other. */
      async hears(count: number): Promise<Heard[]> {
        const all = () => heard.get(conversationId) ?? [];
        await until(() => all().length >= count, PATIENCE_MS);
        assert.equal(
          all().length,
          count,
          all()
            .map(({ kind, at }) => `${kind} ${at.toISOString()}`)
            .join(),
        );
        return all();
      },
      view: () => workflow().query<ConversationView>('getState'),
      /** Resolves when nothing is left to do for the conversation's workflow. */
      isOver: () => workflow().result(),
      /** What was asked of operators, in the order in which it was. */
      requests: () =>
        look<{ id: string; status: string; created_at: Date; expires_at: Date }>(
          pool,
          organisationId,
          'select id, status, created_at, expires_at from actions order by created_at',
        ),
      async decides(id: string, decision: 'approve' | 'deny'): Promise<Date> {
        const at = await time.now();
        const order = { decision, response: null, responseData: null };
        const result = await openApprovals(pool).decide(caller, id, order, at);
        assert.equal(result.kind, 'done');
        if (result.kind === 'done') await signal(result.signal);
        await time.client.workflow.getHandle(approvalWorkflowId(id)).signal('decided');
        return at;
      },
      /** When events of this name were stored, oldest first. */
      async times(event: string): Promise<Date[]> {
        const text = 'select at from events where name = $1 order by number';
        return (await look<{ at: Date }>(pool, organisationId, text, [event])).map(({ at }) => at);
      },
    };
  }

  return {
    ...time,
    customer,
    /** The model answers this next, before it goes back to its one sentence. */
    answers: (answer: ModelAnswer) => void answers.push(answer),
    async sleepUntil(at: Date): Promise<void> {
      await time.sleep(at.getTime() - (await time.now()).getTime());
    },
    async close() {
      await time.close();
      await Promise.all([stores.close(), pool.end()]);
    },
  };
}

export function says(text: string | null, toolCalls: ModelAnswer['toolCalls'] = []): ModelAnswer {
  return { text, toolCalls, finishReason: 'stop', model: 'stub', inputTokens: 1, outputTokens: 1 };
}

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

/** While anybody works the clock goes on: what is due at a moment happens at it and this much later at most. */
const WORK_MS = 5_000;

/** @param due the exact moment, as the settings say it */
export function punctual(at: Date | undefined, from: Date | undefined, afterMs: number): void {
  assert.ok(at !== undefined && from !== undefined, 'it happened');
  const late = at.getTime() - from.getTime() - afterMs;
  assert.ok(late >= 0 && late < WORK_MS, `${at.toISOString()} is ${late} ms late`);
}
