import { strict as assert } from 'node:assert';
import { createActivities } from '../../activities/index.ts';
import type { ActivityPorts } from '../../activities/ports.ts';
import { nameOf, POINTS, WITHOUT_WORDS } from './take-over-points.ts';
import { openTakeOverStage, stopped } from './take-over-stage.ts';
import type { TakeOverStage } from './take-over-stage.ts';
import { handsBack, quietAfter, takesOver } from './take-over-story.ts';
import type { Told } from './take-over-story.ts';

describe('a person who takes over', function () {
  this.timeout(60_000);
  let stage: TakeOverStage;
  const table: Told[] = [];

  before(async () => (stage = await openTakeOverStage()));
  afterEach(() => stage.calm());
  after(async () => {
    if (table.length > 0) console.table(table);
    await stage?.close();
  });

  for (const point of POINTS)
    it(`ESC-5 hears no agent begin behind the 200, and hands back cleanly, at ${nameOf(point)}`, async () => {
      const { journey, scenes } = stage;
      const scene = await scenes[point.scene]();
      const held = await stopped(stage, point.where, scene);
      const taken = await takesOver(journey, scene.customer).finally(() => held.letGo());
      const told = await quietAfter(journey, scene.customer, taken);
      const next = await handsBack(journey, scene, taken);
      table.push({ point: nameOf(point), ...told, ...next });
    });

  it('ESC-5 is tried at every activity of a conversation that may lead to words', () => {
    const known = Object.keys(createActivities({} as ActivityPorts));
    const tried = POINTS.flatMap(({ where }) => ('at' in where ? [where.at.split('.')[0] ?? ''] : []));
    const missing = known.filter((name) => !tried.includes(name) && !WITHOUT_WORDS.includes(name));
    assert.deepEqual(missing, []);
  });
});
