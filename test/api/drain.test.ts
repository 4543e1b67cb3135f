import { strict as assert } from 'node:assert';
import { createApp } from '../../api/app.ts';
import { listen } from '../../api/listen.ts';
import { createFakes } from './fakes.ts';
import { eventually, openEvents } from './event-stream.ts';
import { call } from './stage.ts';

describe('a gateway that drains', () => {
  it('CONV-2 ends its streams, answers what is under way, then takes no more', async () => {
    const { ports, world, here } = createFakes();
    const closing = new AbortController();
    const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const app = createApp(ports, { log: silent, publicUrl: 'http://x', closing: closing.signal });
    // Nothing is cut within this test: it ends only if every connection is let go of.
    const listening = await listen(app, { host: '127.0.0.1', port: 0, drainMs: 600_000 });
    const url = `http://127.0.0.1:${listening.port}`;

    const chat = `/chat/${here.channels.webchat}`;
    const session = await call(url, 'POST', `${chat}/session`, { body: {} });
    const cookie = session.headers.get('set-cookie')?.split(';')[0] ?? '';
    const stream = await openEvents(`${url}${chat}/stream`, { cookie });

    const { receive } = ports.inbox;
    let asked = false;
    let goOn = () => {};
    const held = new Promise<void>((resolve) => (goOn = resolve));
    ports.inbox.receive = async (...given) => {
      asked = true;
      await held;
      return receive(...given);
    };
    const message = call(url, 'POST', `/v1/channels/${here.channels.generic}/messages`, {
      key: here.keys.gateway,
      body: { id: 'm', room: 'r', customer: { id: 'c' }, text: 'the last one' },
    });
    await eventually(() => asked, 'the message to be under way');

    closing.abort();
    const closed = listening.close();
    await stream.ended;
    await assert.rejects(fetch(`${url}/healthz`));
    goOn();
    assert.equal((await message).status, 202);
    await closed;
    assert.equal(world.signals.length, 1);
  });
});
