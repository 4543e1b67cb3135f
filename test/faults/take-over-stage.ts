import type { ConversationView } from '../../contract/conversation.ts';
import { eventually, openJourney } from '../journey/open-journey.ts';
import type { Journey } from '../journey/open-journey.ts';
import { holdRequest, openWorkerHolds } from './holds.ts';
import type { Held, WorkerHolds } from './holds.ts';
import type { Where } from './take-over-points.ts';
import { prepareScenes, scenesOf } from './take-over-scenes.ts';
import type { Scene } from './take-over-scenes.ts';

/** An installation whose conversations can be stopped anywhere. */
export interface TakeOverStage {
  journey: Journey;
  holds: WorkerHolds;
  scenes: ReturnType<typeof scenesOf>;
  /** Sees to it that the scene will stop there. */
  stopsAt(where: Where, scene: Scene): Promise<Held>;
  /** Takes all faults away. */
  calm(): Promise<void>;
  close(): Promise<void>;
}

export async function openTakeOverStage(): Promise<TakeOverStage> {
  const holds = openWorkerHolds();
  const journey = await openJourney({
    env: { WORKFLOW_TASK_TIMEOUT_SECONDS: '2', DELIVERY_REPORT_SECONDS: '5' },
    processEnv: { worker: holds.env },
  });
  await prepareScenes(journey);

  async function showing({ customer }: Scene, shows: RegExp): Promise<true> {
    const handle = journey.client.workflow.getHandle(`conversation/${customer.conversation()}`);
    return eventually(`it shows ${shows.source}`, async () => {
      const { doing } = await handle.query<ConversationView>('getState');
      if (!shows.test(doing)) throw new Error(doing);
      return true as const;
    });
  }

  return {
    journey,
    holds,
    scenes: scenesOf(journey),
    async stopsAt(where, scene) {
      const { customer, action } = scene;
      if ('at' in where) return holds.hold(where.at, customer.conversation());
      const sinks = { replies: customer.room, orders: action?.receiverName ?? '' };
      if ('holds' in where) {
        const { holds: who, ...which } = where;
        const known = who === 'replies' || who === 'orders' ? (`sink/${sinks[who]}` as const) : who;
        return holdRequest(journey, known, which);
      }
      const { shows, fault } = where;
      const control = `/sink/${sinks[fault?.of ?? 'replies']}/control`;
      if (fault !== undefined) {
        const { status, hold } = fault;
        const fail = [hold ? { hold } : { status, headers: { 'retry-after': '3' } }];
        await journey.standIn('POST', control, { fail });
      }
      return {
        reached: () => showing(scene, shows),
        letGo: async () => {
          if (fault !== undefined) await journey.standIn('POST', control, { fail: [] });
        },
      };
    },
    async calm() {
      await journey.model('POST', '/control', { reset: true });
      for (const name of ['crm', 'slack']) await journey.standIn('POST', `/${name}/control`, { fail: [] });
    },
    async close() {
      await journey.close();
      holds.close();
    },
  };
}

/** Runs the scene until it stops. What was held is let go where it never gets there. */
export async function stopped(stage: TakeOverStage, where: Where, scene: Scene): Promise<Held> {
  const held = await stage.stopsAt(where, scene);
  try {
    await scene.begin();
    await held.reached();
    return held;
  } catch (error) {
    await held.letGo();
    throw error;
  }
}
