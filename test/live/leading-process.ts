import { openRelayStore } from '../../adapters/postgres/relay-store.ts';
import { publishEvents } from '../../workers/publish-events.ts';

// A process of its own that leads and publishes until it is killed. Its argument is the login of the jobs.

const store = openRelayStore({ url: process.argv[2] ?? '' });
await store.withLeadership(new AbortController().signal, async (leading, publisher) => {
  process.send?.('leads');
  await publishEvents(publisher, { warn: () => undefined }, leading);
});
