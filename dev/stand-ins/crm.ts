import type { ServerResponse } from 'node:http';
import { openCrmAccess } from './crm-access.ts';
import { openCrmRecords, PIPELINES, type RecordKind } from './crm-records.ts';
import { json, openFaults, send, type Answer, type FaultSettings } from './faults.ts';
import { openJournal, readJournal } from './journal.ts';
import type { LocalCall } from './local-http-server.ts';
import { jsonBody, type StandIn, type StandInSettings } from './stand-in.ts';

/** On every answer, so that nobody takes this for the vendor's. */
const STAND_IN = { 'x-stand-in': 'Parley stand-in for the Qontak CRM' };

/**
 * The Qontak CRM as far as the agent's tools need it, below `/crm/api/v3.1/`: `deals` and `tickets` (POST, PUT /{id},
 * GET /{id}, GET ?trace_id= by the X-Trace-Id of their creation), `leads` (POST, GET ?phone=), and
 * `POST teams/company_token`. Beside it, for tests: `control` (faults, `expire_tokens`, `refuse_refresh`, `api_key`;
 * shows the `token` that is good now) and `journal` (every request, with what became of it).
 * The vendor does not document its answers: they are `{meta: {status, message}, data}` here.
 */
export function openCrmStandIn({ journalLimit }: StandInSettings): StandIn {
  const faults = openFaults();
  const access = openCrmAccess(process.env.CRM_API_KEY ?? '');
  const records = openCrmRecords(journalLimit);
  const journal = openJournal<object>(journalLimit);

  /** `status` null: no answer was sent. */
  const note = (call: LocalCall, status: number | null, done: boolean) =>
    journal.add({
      at: Date.now(),
      method: call.method,
      path: call.path.replace(/^\/crm/, ''),
      query: call.query,
      headers: call.headers,
      body: call.body.toString('utf8'),
      status,
      done,
    });

  function take(path: string[], call: LocalCall): Answer {
    const answer = answerFor(path, call);
    note(call, answer.status, answer.status < 300);
    return answer;
  }

  function answerFor([kind = '', id, ...more]: string[], call: LocalCall): Answer {
    if (kind === 'teams' && id === 'company_token' && call.method === 'POST') {
      const refreshed = access.refresh(call);
      return 'token' in refreshed ? say(200, 'Success', refreshed) : say(401, refreshed.whyNot);
    }
    const whyNot = access.whyNot(call);
    if (whyNot !== undefined) return say(401, whyNot);
    const ofKind = records.of(kind);
    if (ofKind === undefined || more.length > 0) return say(404, `nothing is at ${call.path}`);
    if (call.method === 'GET') return id === undefined ? list(ofKind, call) : found(ofKind.get(id));
    return write(ofKind, id, call);
  }

  function write(kind: RecordKind, id: string | undefined, call: LocalCall): Answer {
    const create = call.method === 'POST' && id === undefined;
    if (!create && (call.method !== 'PUT' || id === undefined)) return say(405, 'the method is not allowed');
    let fields: Record<string, unknown>;
    try {
      fields = jsonBody(call);
    } catch (error) {
      return say(400, (error as Error).message);
    }
    const problem = kind.problem(fields, create);
    if (problem !== undefined) return say(422, problem);
    if (!create) return found(kind.update(id ?? '', fields));
    const traceId = call.headers['x-trace-id'];
    return say(201, 'Success', kind.create(fields, typeof traceId === 'string' ? traceId : null));
  }

  function control(call: LocalCall): Answer {
    if (call.method !== 'GET') {
      try {
        const asked = call.method === 'DELETE' ? { reset: true } : jsonBody(call);
        const { reset, latency_ms, fail, ...rest } = asked;
        const switches = checked(rest);
        if (reset === true) {
          faults.reset();
          access.reset();
          records.reset();
        }
        faults.set({ latency_ms, fail } as FaultSettings);
        access.set(switches);
      } catch (error) {
        return json(400, { error: (error as Error).message });
      }
    }
    return json(200, { ...faults.left(), ...access.shown(), pipelines: PIPELINES });
  }

  function handle(path: string[], call: LocalCall, response: ServerResponse): void {
    for (const [name, value] of Object.entries(STAND_IN)) response.setHeader(name, value);
    const [first, second, ...rest] = path;
    if (first === 'control') send(response, control(call));
    else if (first === 'journal' && call.method === 'GET')
      send(response, json(200, readJournal(journal, call.query)));
    else if (first === 'journal' && call.method === 'DELETE') {
      journal.clear();
      response.writeHead(204).end();
    } else if (first === 'api' && second === 'v3.1') {
      faults.answer(
        call,
        response,
        () => take(rest, call),
        (fault) => {
          const status = fault.status ?? 500;
          const silent = fault.drop === true || fault.hang !== undefined;
          if (fault.when !== 'after') note(call, silent ? null : status, false);
          return say(status, 'a fault was switched on');
        },
      );
    } else send(response, say(404, `nothing is at ${call.path}`));
  }

  return { name: 'crm', handle };
}

function list(kind: RecordKind, call: LocalCall): Answer {
  const query = new URLSearchParams(call.query);
  return say(200, 'Success', kind.list({ traceId: query.get('trace_id'), phone: query.get('phone') }));
}

function found(record: object | undefined): Answer {
  return record === undefined ? say(404, 'the record does not exist') : say(200, 'Success', record);
}

function say(status: number, message: string, data?: unknown): Answer {
  return json(status, { meta: { status, message }, ...(data === undefined ? {} : { data }) });
}

const SWITCHES: Record<string, string> = {
  expire_tokens: 'boolean',
  refuse_refresh: 'boolean',
  api_key: 'string',
};

/** @throws Error that names the first switch that is unknown or not of its type. */
function checked(given: Record<string, unknown>): object {
  for (const [name, value] of Object.entries(given)) {
    const type = SWITCHES[name];
    if (type === undefined) throw new Error(`no setting is called ${name}`);
    if (typeof value !== type) throw new Error(`${name} is not a ${type}`);
  }
  return given;
}
