import { randomUUID } from 'node:crypto';
import type { LiveEvent, LiveFeed } from '../../api/ports.ts';
import type { FakeWorld } from './fake-world.ts';

const PART = 100;

/** What is published, in memory: one row of positions for all organisations, as in the store. */
export class FakeLive implements LiveFeed {
  /** Events that readers were given, all parts of all readers together. */
  given = 0;
  readonly #world: FakeWorld;
  readonly #published: (LiveEvent & { organisationId: string })[] = [];
  readonly #watching = new Map<string, Set<() => void>>();

  constructor(world: FakeWorld) {
    this.#world = world;
  }

  publish(organisationId: string, name: string, properties: Record<string, unknown> = {}): number {
    const position = this.#published.length + 1;
    const event = { position, id: String(1000 + position), name, conversationId: randomUUID(), properties };
    this.#published.push({ ...event, organisationId, at: this.#world.now });
    this.#watching.get(organisationId)?.forEach((changed) => changed());
    return position;
  }

  /** How many readers are waiting. */
  watchers(): number {
    return [...this.#watching.values()].reduce((sum, watching) => sum + watching.size, 0);
  }

  newest: LiveFeed['newest'] = ({ organisationId }, since, most) => {
    const theirs = this.#published.filter((event) => event.organisationId === organisationId);
    const missed = theirs.filter(({ position }) => position > since).length;
    return this.#world.reach({
      position: theirs.at(-1)?.position ?? 0,
      missed: Math.min(missed, most + 1),
    });
  };

  after: LiveFeed['after'] = ({ organisationId }, position) => {
    const part = this.#published
      .filter((event) => event.organisationId === organisationId && event.position > position)
      .slice(0, PART);
    this.given += part.length;
    return this.#world.reach(part);
  };

  watch: LiveFeed['watch'] = ({ organisationId }, changed) => {
    const watching = this.#watching.get(organisationId) ?? new Set();
    this.#watching.set(organisationId, watching.add(changed));
    return () => void watching.delete(changed);
  };
}
