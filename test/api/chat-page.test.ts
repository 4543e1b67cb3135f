import { strict as assert } from 'node:assert';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { openBrowser } from './browser.ts';
import { eventually } from './event-stream.ts';
import { openApiStage } from './stage.ts';
import type { ApiStage } from './stage.ts';

const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

describe('the web chat page in a browser', () => {
  let browser: Browser | null;
  let stage: ApiStage;
  let context: BrowserContext;
  let page: Page;
  let errors: string[];

  before(async function () {
    browser = await openBrowser();
    if (browser === null) this.skip();
  });
  after(() => browser?.close());
  beforeEach(async () => {
    stage = await openApiStage();
    context = await (browser as Browser).newContext({ locale: 'en-GB' });
    page = await context.newPage();
    errors = [];
    page.on('pageerror', ({ message }) => errors.push(message));
    page.on('console', (line) => line.type() === 'error' && errors.push(line.text()));
  });
  afterEach(async () => {
    await context.close();
    await stage.close();
  });

  const open = () => page.goto(`${stage.url}/chat/${stage.here.channels.webchat}`);
  const send = async (text: string) => {
    await page.getByLabel('Your message').fill(text);
    await page.getByRole('button', { name: 'Send' }).click();
  };
  const room = () => stage.world.stored.at(-1)?.message.room ?? '';
  const lines = () => page.locator('#transcript .words').allTextContents();

  it('CON-5 sends, shows that it was sent, waits for the answer and shows it once', async () => {
    await open();
    await send('مرحبا، أين طلبي؟');
    await page.getByText('Sent', { exact: true }).waitFor();
    await page.getByText('An answer is being written').waitFor();
    stage.world.say(room(), 'agent', 'طلبك في الطريق');
    await page.getByText('طلبك في الطريق').waitFor();
    assert.equal(await page.getByText('An answer is being written').isVisible(), false);
    assert.deepEqual(await lines(), ['مرحبا، أين طلبي؟', 'طلبك في الطريق']);
    const direction = await page.evaluate(`getComputedStyle(document.querySelector('.words')).direction`);
    assert.equal(direction, 'rtl');
    assert.deepEqual(errors, []);
  });

  it('CON-5 shows what an agent wrote as text, whatever it looks like', async () => {
    await open();
    await send('hi');
    await page.getByText('Sent', { exact: true }).waitFor();
    const words = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    stage.world.say(room(), 'agent', words);
    await page.getByText(words).waitFor();
    assert.deepEqual(await lines(), ['hi', words]);
    assert.equal(await page.title(), 'Help');
    assert.equal(await page.locator('#transcript img, #transcript script').count(), 0);
  });

  it('CONV-1 says when a message was not sent, and sends it once when tried again', async () => {
    await open();
    await page.getByText('An AI answers here').waitFor();
    let refuse = true;
    await page.route('**/messages', async (route) => {
      // The message arrives, its 202 does not.
      if (refuse) await route.fetch();
      return refuse ? route.fulfill({ status: 400, body: '{}' }) : route.continue();
    });
    await send('only once');
    await page.getByText('Not sent.').waitFor();
    refuse = false;
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('Not sent.').waitFor({ state: 'detached' });
    await eventually(() => stage.world.stored.length === 1, 'the message');
    assert.deepEqual(await lines(), ['only once']);
  });

  it('CONV-2 keeps what was not sent over a reload, and the transcript with it', async () => {
    await open();
    await send('first');
    await page.getByText('Sent', { exact: true }).waitFor();
    await page.route('**/messages', (route) => route.abort());
    await send('second');
    await page.getByText('Sending…').waitFor();
    await page.unroute('**/messages');
    await page.reload();
    await eventually(() => stage.world.stored.length === 2, 'the second message');
    await page.getByText('second').waitFor();
    await page.reload();
    await page.getByText('second').waitFor();
    assert.deepEqual(await lines(), ['first', 'second']);
  });

  it('CHAN-7 sends a picture and shows it, after a reload too, and says why a file is not taken', async () => {
    await open();
    await page.getByRole('button', { name: 'Attach a file' }).waitFor();
    const choose = (name: string, mimeType: string, buffer: Buffer) =>
      page.locator('#file').setInputFiles({ name, mimeType, buffer });
    await choose('lamp.png', 'image/png', PIXEL);
    const picture = page.getByRole('img', { name: 'lamp.png' });
    const isDrawn = () =>
      page.waitForFunction(`document.querySelector('#transcript img')?.naturalWidth === 1`);
    await picture.waitFor();
    await isDrawn();
    await choose('evil.svg', 'image/svg+xml', Buffer.from('<svg onload="document.title=1"/>'));
    await page.getByText('Files like this cannot be sent here.').waitFor();
    assert.equal(stage.world.stored.length, 1);
    errors.length = 0;
    await page.reload();
    await picture.waitFor();
    await isDrawn();
    assert.equal(await page.title(), 'Help');
    assert.deepEqual(errors, []);
  });

  it('CHAN-5 comes back after the stream was cut and shows what it missed', async () => {
    await open();
    await send('hi');
    await page.getByText('Sent', { exact: true }).waitFor();
    stage.drain();
    await page.getByText('Reconnecting…').waitFor();
    stage.world.say(room(), 'agent', 'said while away');
    const port = Number(new URL(stage.url).port);
    await stage.reopen(port);
    await page.getByText('said while away').waitFor();
    await page.getByText('Reconnecting…').waitFor({ state: 'hidden' });
    assert.deepEqual(await lines(), ['hi', 'said while away']);
  });

  it('CON-5 can be used with the keyboard alone and names its parts', async () => {
    await open();
    await page.getByLabel('Your message').focus();
    await page.keyboard.type('one');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('two');
    await page.keyboard.press('Enter');
    await page.getByText('Sent', { exact: true }).waitFor();
    assert.deepEqual(stage.world.stored[0]?.message.content, { kind: 'text', text: 'one\ntwo' });
    assert.equal(await page.getByRole('log').count(), 1);
    assert.equal(await page.evaluate('document.activeElement.id'), 'text');
  });

  it('CON-5 speaks Arabic from right to left to who asks for it, and fits a small screen', async () => {
    await context.close();
    context = await (browser as Browser).newContext({
      locale: 'ar-EG',
      viewport: { width: 320, height: 560 },
    });
    page = await context.newPage();
    await open();
    await page.getByRole('button', { name: 'إرسال' }).waitFor();
    assert.equal(await page.evaluate('document.documentElement.dir'), 'rtl');
    assert.equal(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true);
  });
});
