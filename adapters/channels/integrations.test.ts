import { strict as assert } from 'node:assert';
import { rememberIntegrations } from './integrations.ts';

describe('remembered integrations', () => {
  function open() {
    const asked: string[] = [];
    let fails = false;
    const remembered = rememberIntegrations({
      settingsOf(organisation, id, version) {
        asked.push(`${organisation} ${id} ${version}`);
        if (fails) return Promise.reject(new Error('away'));
        return Promise.resolve({ settings: { version: String(version) }, secrets: {} });
      },
    });
    return { asked, remembered, fail: (value: boolean) => void (fails = value) };
  }

  it('CHAN-3 reads each version of an integration once, however many send at once', async () => {
    const { asked, remembered } = open();
    await Promise.all([1, 2, 3].map(() => remembered.settingsOf('o', 'c', 1)));
    assert.deepEqual(asked, ['o c 1']);
    assert.equal((await remembered.settingsOf('o', 'c', 2))?.settings['version'], '2');
    assert.equal((await remembered.settingsOf('o', 'c', 2))?.settings['version'], '2');
    assert.deepEqual(asked, ['o c 1', 'o c 2']);
  });

  it('TEN-1 never hands one organisation the settings of another', async () => {
    const { asked, remembered } = open();
    await remembered.settingsOf('o', 'c', 1);
    await remembered.settingsOf('p', 'c', 1);
    assert.deepEqual(asked, ['o c 1', 'p c 1']);
  });

  it('CHAN-3 asks again after a failure', async () => {
    const { asked, remembered, fail } = open();
    fail(true);
    await assert.rejects(remembered.settingsOf('o', 'c', 1));
    fail(false);
    assert.ok(await remembered.settingsOf('o', 'c', 1));
    assert.equal(asked.length, 2);
  });

  it('CHAN-3 forgets the longest unread when there are too many', async () => {
    const { asked, remembered } = open();
    for (let n = 0; n < 1000; n++) await remembered.settingsOf('o', `c${n}`, 1);
    await remembered.settingsOf('o', 'c0', 1);
    await remembered.settingsOf('o', 'one more', 1);
    asked.length = 0;
    await remembered.settingsOf('o', 'c0', 1);
    assert.deepEqual(asked, []);
    await remembered.settingsOf('o', 'c1', 1);
    assert.deepEqual(asked, ['o c1 1']);
  });
});
