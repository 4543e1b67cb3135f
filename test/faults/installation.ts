import { strict as assert } from 'node:assert';
import { openStage } from '../../dev/stage.ts';
import type { Stage, StageOptions } from '../../dev/stage.ts';

/** The processes of `npm start`, with short waits, and a way to ask them things. */
export interface Installation {
  stage: Stage;
  /** A request to the API; throws when it is not answered 2xx. */
  ask<T = Record<string, unknown>>(role: Role, method: string, path: string, body?: unknown): Promise<T>;
  /** Sets members of the seeded agent's settings. */
  setAgent(settings: Record<string, unknown>): Promise<void>;
  /** Switches of the offline model, e.g. `{latency_ms, fail, script}`; `{reset: true}` takes all back. */
  setModel(settings: Record<string, unknown>): Promise<void>;
  /** Switches of a stand-in such as `whatsapp` or `sink/replies`. */
  setStandIn(name: string, settings: Record<string, unknown>): Promise<void>;
  journal(name: string): Promise<Record<string, unknown>[]>;
  /** Kills the worker if a failpoint has not, and starts one without failpoints (or with the one named). */
  freshWorker(failpoint?: string): Promise<void>;
}

type Role = 'admin' | 'builder' | 'operator' | 'viewer' | 'gateway';

interface InstallationOptions extends StageOptions {
  waitSeconds: number;
  capSeconds?: number;
}

/** A kill costs the open workflow task its whole timeout, so that is short here (DESIGN section 10). */
const SHORT = { WORKFLOW_TASK_TIMEOUT_SECONDS: '2', DELIVERY_REPORT_SECONDS: '10' };

export async function openInstallation(options: InstallationOptions): Promise<Installation> {
  const { waitSeconds, capSeconds = 30, env, ...rest } = options;
  const stage = await openStage({ ...rest, env: { ...SHORT, ...env } });
  const dev = () => stage.dev();

  async function ask<T>(role: Role, method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(dev().api + path, {
      method,
      headers: { authorization: `Bearer ${dev().keys[role]}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    assert.ok(response.ok, `${method} ${path} was answered ${response.status}: ${text}`);
    return JSON.parse(text) as T;
  }

  async function change(url: string, settings: unknown): Promise<void> {
    const response = await fetch(url, { method: 'POST', body: JSON.stringify(settings) });
    assert.equal(response.status, 200, await response.text());
  }

  const installation: Installation = {
    stage,
    ask,
    async setAgent(settings) {
      await ask('builder', 'PATCH', `/v1/agents/${dev().agent}`, settings);
    },
    setModel: (settings) => change(`${new URL(dev().model ?? '').origin}/control`, settings),
    setStandIn: (name, settings) => change(`${dev().stand_ins}/${name}/control`, settings),
    journal: (name) => wholeJournal(`${dev().stand_ins}/${name}/journal`),
    async freshWorker(failpoint) {
      await stage.kill('worker');
      await stage.start('worker', failpoint === undefined ? {} : { FAILPOINT: failpoint });
    },
  };
  try {
    await installation.setAgent({ wait_time_seconds: waitSeconds, wait_cap_seconds: capSeconds });
  } catch (error) {
    await stage.stop();
    throw error;
  }
  return installation;
}

/** All that a stand-in's journal holds, oldest first. */
export async function wholeJournal(url: string): Promise<Record<string, unknown>[]> {
  const entries: Record<string, unknown>[] = [];
  for (;;) {
    const response = await fetch(`${url}?after=${entries.at(-1)?.['n'] ?? 0}&limit=5000`);
    const page = (await response.json()) as { entries: Record<string, unknown>[]; forgotten: number };
    assert.equal(page.forgotten, 0, 'the journal is too small for this test');
    if (page.entries.length === 0) return entries;
    entries.push(...page.entries);
  }
}
