import { strict as assert } from 'node:assert';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { openBrowser } from '../api/browser.ts';
import { eventually, openJourney, rareWord, type Journey } from '../journey/open-journey.ts';

describe('web chat of the running product in a browser', () => {
  let journey: Journey;
  let browser: Browser | null = null;
  let context: BrowserContext;
  let page: Page;
  let dialogs: string[];
  let errors: string[];

  before(async function () {
    browser = await openBrowser();
    if (browser === null) return this.skip();
    journey = await openJourney();
    const { agent } = journey.stage.dev();
    const change = { wait_time_seconds: 0 };
    const answer = await journey.call('PATCH', `/v1/agents/${agent}`, { as: 'builder', body: change });
    assert.equal(answer.status, 200);
  });
  after(async () => {
    await browser?.close();
    await journey?.close();
  });
  beforeEach(() => visit('en-GB'));
  afterEach(async function () {
    if (this.currentTest?.state === 'failed') {
      const file = join(mkdtempSync(join(tmpdir(), 'parley-web-chat-')), 'page.png');
      await page.screenshot({ path: file });
      console.log(`      how it looked: ${file}`);
    }
    await journey.model('POST', '/control', { reset: true });
    await context.close();
  });

  async function visit(locale: string): Promise<void> {
    context = await (browser as Browser).newContext({ locale, viewport: { width: 420, height: 720 } });
    page = await context.newPage();
    dialogs = [];
    errors = [];
    page.on('dialog', (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    page.on('pageerror', ({ message }) => errors.push(message));
    await page.goto(journey.stage.dev().chat);
  }

  const lines = () => page.locator('#transcript .words').allTextContents();
  const bubbles = (from: 'customer' | 'agent') => page.locator(`#transcript .${from} .words`);

  async function say(text: string): Promise<void> {
    await page.getByRole('textbox', { name: 'Your message' }).fill(text);
    await page.getByRole('button', { name: 'Send' }).click();
  }

  const answers = (count: number) =>
    eventually(`${count} answers are shown`, async () => {
      const shown = await bubbles('agent').allTextContents();
      assert.ok(shown.length <= count, `${shown.length} answers are shown, not ${count}`);
      return shown.length === count && shown;
    });

  const directionOf = (place: string) =>
    page.evaluate(`getComputedStyle(document.querySelector('${place}')).direction`);

  it('CON-5 answers in English, Indonesian and Arabic, each written in its own direction', async () => {
    const asked: [string, RegExp, string][] = [
      ['Where is my order 1234?', /Order 1234 was shipped on Monday/, 'ltr'],
      ['Berapa harga lampu Aurora?', /Rp250\.000/, 'ltr'],
      ['كم سعر مصباح أورورا؟', /250,000 روبية/, 'rtl'],
    ];
    for (const [turn, [question, answer, direction]] of asked.entries()) {
      await say(question);
      const shown = await answers(turn + 1);
      assert.match(shown[turn] ?? '', answer);
      for (const from of ['customer', 'agent']) {
        const last = `#transcript .${from}:nth-last-of-type(${from === 'agent' ? 1 : 2}) .words`;
        assert.equal(await directionOf(last), direction, `${from}: ${question}`);
      }
    }
    const before = await lines();
    assert.equal(before.length, 6);
    await page.reload();
    await answers(3);
    assert.deepEqual(await lines(), before);
    assert.deepEqual(errors, []);
  });

  it('CON-5 speaks the language of the browser, in its direction', async () => {
    await context.close();
    await visit('ar-EG');
    await page.getByRole('button', { name: 'إرسال' }).waitFor();
    assert.equal(await directionOf('body'), 'rtl');
    await page.getByRole('textbox', { name: 'رسالتك' }).fill('مرحبا');
    await page.keyboard.press('Enter');
    await answers(1);
    await context.close();
    await visit('id-ID');
    await page.getByRole('button', { name: 'Kirim' }).waitFor();
    assert.deepEqual(await lines(), [], 'another visitor sees nothing of it');
  });

  it('CHAN-5 comes back after the API was killed, and shows nothing twice', async () => {
    await say('Hello');
    await answers(1);
    await journey.stage.kill('api');
    await page.getByText('Reconnecting…').waitFor();
    await say('Are you still there?');
    await page.getByText('Sending…').waitFor();
    await journey.stage.start('api');
    await answers(2);
    await page.getByText('Reconnecting…').waitFor({ state: 'hidden' });
    await page.getByText('Sending…').waitFor({ state: 'hidden' });
    const shown = await lines();
    assert.deepEqual([shown.length, shown[0], shown[2]], [4, 'Hello', 'Are you still there?']);

    // An answer given while nobody could read it.
    const word = rareWord();
    await journey.model('POST', '/control', { fail: [{ match: word, delay_ms: 2000, times: 1 }] });
    await say(`Think about ${word}`);
    await page.getByText('An answer is being written').waitFor();
    await journey.stage.kill('api');
    await eventually('the answer is stored', async () => {
      const rows = await journey.sql(
        `select o.id from outbound o join inbox i using (conversation_id, turn)
         where i.body ->> 'text' like $1 and o.state = 'sent'`,
        [`%${word}`],
      );
      return rows.length === 1;
    });
    await journey.stage.start('api');
    await answers(3);
    assert.equal((await lines()).length, 6);
    await page.reload();
    await answers(3);
    assert.equal((await lines()).length, 6);
  });

  it('CON-5 shows as text what looks like markup, whoever wrote it', async () => {
    const evil = '<img src=x onerror="alert(1)"><script>alert(2)</script><a href="javascript:alert(3)">x</a>';
    await journey.model('POST', '/control', { script: [{ when: '', reply: `{{messages}} ${evil}` }] });
    await say(evil);
    await answers(1);
    await page.reload();
    await answers(1);
    assert.deepEqual(await lines(), [evil, `${evil} ${evil}`]);
    assert.equal(await page.locator('#transcript').locator('img, script, a').count(), 0);
    assert.deepEqual([dialogs, errors], [[], []]);
  });

  it('CON-5 keeps the newest words in view while an answer is being written', async () => {
    const word = rareWord();
    await journey.model('POST', '/control', { fail: [{ match: word, delay_ms: 3000, times: 1 }] });
    await say('Hello\n'.repeat(40));
    await answers(1);
    await say(`${word}, and then?`);
    await page.getByText('An answer is being written').waitFor();
    const bottomOf = async (place: string) => {
      const box = await page.locator(place).last().boundingBox();
      return (box?.y ?? Infinity) + (box?.height ?? 0);
    };
    await eventually(
      'the last message is in view',
      async () => {
        return (await bottomOf('#transcript .customer')) <= (await bottomOf('#transcript'));
      },
      2500,
    );
    await answers(2);
  });

  it('CON-5 can be used by keyboard alone, and every part has a name', async () => {
    await page.getByRole('button', { name: 'Send' }).waitFor();
    assert.ok((await page.title()).length > 0);
    assert.equal(await page.evaluate('document.documentElement.lang'), 'en');
    assert.equal(await page.getByRole('heading', { level: 1 }).count(), 1);
    for (const role of ['log', 'textbox', 'button'] as const) {
      const name = await page.getByRole(role).first().ariaSnapshot();
      assert.match(name, new RegExp(`^- ${role} "[^"]+"`), `the ${role} has no name`);
    }

    // From the top of the page by Tab alone to where one writes.
    const writing = () => page.evaluate(`document.activeElement === document.querySelector('textarea')`);
    for (let presses = 0; !(await writing()); presses++) {
      assert.ok(presses < 5, 'the message field is not reached');
      await page.keyboard.press('Tab');
    }
    await page.keyboard.type('My name is Tuti');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('What is my name?');
    await page.keyboard.press('Enter');
    await answers(1);
    assert.ok(await writing(), 'one can go on writing');
    assert.equal((await lines())[0], 'My name is Tuti\nWhat is my name?');
    await page.keyboard.type('Thanks');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await answers(2);
    const heard = await page.getByRole('log').ariaSnapshot();
    assert.match(heard, /You: ?.*Thanks/s, 'a screen reader hears who said what');
    assert.match(heard, /Agent:.*You are welcome/s);
  });
});
