import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { DueStep, IdleVerdict } from '../../activities/ports.ts';
import { openIdle } from '../../adapters/postgres/idle.ts';
import type { AgentSettings } from '../../domain/agent.ts';
import type { ChannelKind } from '../../domain/channel.ts';
import type { SavedIdleStep } from '../../domain/idle-rule.ts';
import { openScene } from './actions.ts';
import { later, NOW } from './installation.ts';

export const NUDGE: SavedIdleStep = { action: 'follow_up', duration: 600, message: 'Still there?' };
export const CLOSE: SavedIdleStep = { action: 'resolve', duration: 600, message: 'Closing for now' };
export const GIVE: SavedIdleStep = { action: 'assign', duration: 600, assign: { type: 'auto' } };

/** The flag of the organisation is on, and the customer fell silent after m1 at NOW. */
export async function openSilence(
  pool: pg.Pool,
  steps: SavedIdleStep[],
  { settings = {}, channel = 'generic' }: { settings?: Partial<AgentSettings>; channel?: ChannelKind } = {},
) {
  const idleRule = { steps };
  const scene = await openScene(pool, channel, { idleRule, ...settings });
  const { ref } = scene;
  const idle = openIdle(pool);
  const flag = (enabled: boolean) =>
    scene.look(
      `insert into feature_flags (organisation_id, name, enabled, updated_at)
       values ($1, 'ai_agent_sequential_idle', $2, $3)
       on conflict (organisation_id, name) do update set enabled = $2`,
      [ref.organisationId, enabled, NOW],
    );
  await flag(true);
  const due = (step: number, more: Partial<DueStep> = {}): DueStep => ({
    step,
    seenSeq: 1,
    since: later(600 * step),
    ...more,
  });
  return {
    ...scene,
    idle,
    flag,
    due,
    /** At its time, or so many seconds after NOW. */
    fire: (step: number, at = 600 * (step + 1), more: Partial<DueStep> = {}): Promise<IdleVerdict> =>
      idle.fire(ref, due(step, more), later(at)),
    fenceOf: (cause: string, at = NOW) =>
      scene.ledger.passFence(ref, cause, { regroup: false, now: at, holdMs: 5_000 }),
    configure: (change: Partial<AgentSettings>) =>
      scene.look('update agents set settings = settings || $1::jsonb', [JSON.stringify(change)]),
    /** cause, kind, text, epoch and state of what was planned besides replies. */
    async planned() {
      const rows = await scene.look<{
        cause: string;
        kind: string;
        text: string;
        epoch: number;
        state: string;
      }>(
        `select cause, kind, text, epoch, state from outbound where kind in ('nudge', 'closing') order by planned_at, cause`,
      );
      return rows.map(({ cause, kind, text, epoch, state }) => [cause, kind, text, epoch, state]);
    },
    async firings() {
      const rows = await scene.look<{
        seen_seq: number;
        step: number;
        action: string;
        outcome: string;
        reason: string | null;
      }>('select seen_seq, step, action, outcome, reason from idle_firings order by seen_seq, step');
      return rows.map(({ seen_seq, step, action, outcome, reason }) => [
        seen_seq,
        step,
        action,
        outcome,
        reason,
      ]);
    },
    takeOver: (now = NOW) => scene.inbox.command(scene.caller, ref.conversationId, 'take_over', now),
    answer: async (now = NOW) => {
      const caller = { ...scene.caller, keyId: randomUUID() };
      return scene.inbox.reply(caller, ref.conversationId, 'I am here', now);
    },
  };
}

export type Silence = Awaited<ReturnType<typeof openSilence>>;
