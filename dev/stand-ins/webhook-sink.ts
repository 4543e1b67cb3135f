import type { ServerResponse } from 'node:http';
import { json, openFaults, send, type Answer, type FaultSettings, type Faults } from './faults.ts';
import { openJournal, readJournal, type Journal } from './journal.ts';
import type { LocalCall } from './local-http-server.ts';
import { jsonBody, type StandIn, type StandInSettings } from './stand-in.ts';
import { checkSignature } from './standard-webhooks-check.ts';

/** What one sink does with a request it takes. */
interface SinkSettings {
  /** `whsec_…`; when set, every request's Standard Webhooks signature is judged and the verdict recorded. */
  secret: string;
  /** Turns away, with 401, what is not signed validly. */
  require_signature: boolean;
  answer: { status: number; headers?: Record<string, string>; body?: unknown };
}

interface Sink {
  settings: SinkSettings;
  faults: Faults;
  taken: Journal<object>;
  refused: Journal<object>;
  /** How often each webhook-id was taken. */
  counts: Map<string, number>;
  repeats: number;
}

const DEFAULTS: SinkSettings = {
  secret: '',
  require_signature: false,
  answer: { status: 200, body: { received: true } },
};

/**
 * Receivers by name, made by their first use: whatever comes to `/sink/{name}` (any method, any further path except
 * the three words below) is recorded as it was on the wire. `…/control`, `…/journal` and `…/refused` are for tests;
 * DELETE on the sink itself forgets it whole.
 */
export function openWebhookSink({ journalLimit }: StandInSettings): StandIn {
  const sinks = new Map<string, Sink>();

  const sinkNamed = (name: string): Sink => {
    let sink = sinks.get(name);
    if (sink === undefined) {
      sink = {
        settings: DEFAULTS,
        faults: openFaults(),
        taken: openJournal(journalLimit),
        refused: openJournal(journalLimit),
        counts: new Map(),
        repeats: 0,
      };
      sinks.set(name, sink);
    }
    return sink;
  };

  function take(sink: Sink, call: LocalCall): Answer {
    const signature = checkSignature(sink.settings.secret, call.headers, call.body);
    const seen = whatCame(call, signature);
    if (sink.settings.require_signature && signature !== 'valid') {
      sink.refused.add({ ...seen, status: 401 });
      return json(401, { error: `signature ${signature}` });
    }
    sink.taken.add({ ...seen, repeat: countRepeat(sink, call.headers['webhook-id'], journalLimit) });
    const { status, headers, body } = sink.settings.answer;
    if (typeof body === 'string')
      return { status, headers: { 'content-type': 'text/plain', ...headers }, body };
    return body === undefined ? { status, headers, body: '' } : json(status, body, headers);
  }

  function control(sink: Sink, call: LocalCall): Answer {
    if (call.method !== 'GET') {
      try {
        const { reset, latency_ms, fail, ...rest } =
          call.method === 'DELETE' ? { reset: true } : jsonBody(call);
        const unknown = Object.keys(rest).find((key) => !(key in DEFAULTS));
        if (unknown !== undefined) throw new Error(`no setting is called ${unknown}`);
        if (reset === true) {
          sink.faults.reset();
          sink.settings = DEFAULTS;
        }
        sink.faults.set({ latency_ms, fail } as FaultSettings);
        sink.settings = { ...sink.settings, ...(rest as Partial<SinkSettings>) };
      } catch (error) {
        return json(400, { error: (error as Error).message });
      }
    }
    return json(200, { ...sink.faults.left(), ...sink.settings });
  }

  function handle([name = '', what]: string[], call: LocalCall, response: ServerResponse): void {
    if (name === '') {
      send(response, json(404, { error: 'a sink has a name: /sink/{name}' }));
      return;
    }
    const sink = sinkNamed(name);
    if (what === 'control') {
      send(response, control(sink, call));
    } else if (what === 'journal' && call.method === 'DELETE') {
      forget(sink);
      response.writeHead(204).end();
    } else if (what === undefined && call.method === 'DELETE') {
      sinks.delete(name);
      response.writeHead(204).end();
    } else if (what === 'journal') {
      const { counts, repeats } = sink;
      send(response, json(200, { ...readJournal(sink.taken, call.query), distinct: counts.size, repeats }));
    } else if (what === 'refused') {
      send(response, json(200, readJournal(sink.refused, call.query)));
    } else {
      sink.faults.answer(
        call,
        response,
        () => take(sink, call),
        (fault) => {
          const status = fault.status ?? 500;
          if (fault.when !== 'after') sink.refused.add({ ...whatCame(call, 'unchecked'), status });
          return json(status, { error: 'a fault was switched on' });
        },
      );
    }
  }

  return { name: 'sink', handle };
}

function whatCame(call: LocalCall, signature: string): object {
  return {
    at: Date.now(),
    method: call.method,
    path: call.path,
    query: call.query,
    headers: call.headers,
    body: call.body.toString('utf8'),
    signature,
  };
}

/** How often this webhook-id had come before; without one, 0. The memory of ids is as long as the journal. */
function countRepeat(sink: Sink, id: string | string[] | undefined, limit: number): number {
  if (typeof id !== 'string') return 0;
  const before = sink.counts.get(id) ?? 0;
  sink.counts.set(id, before + 1);
  if (before > 0) sink.repeats += 1;
  if (sink.counts.size > limit) sink.counts.delete(sink.counts.keys().next().value as string);
  return before;
}

function forget(sink: Sink): void {
  sink.taken.clear();
  sink.refused.clear();
  sink.counts.clear();
  sink.repeats = 0;
}
