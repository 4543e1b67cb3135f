import { genericCustomer } from './generic-customer.ts';
import type { GenericCustomer } from './generic-customer.ts';
import { eventually, rareWord } from './open-journey.ts';
import type { Journey } from './open-journey.ts';

/** A row of the ledger. */
export interface MadeCall {
  id: string;
  turn: number;
  step: number;
  tool: string;
  state: string;
  reason: string | null;
  arguments: Record<string, unknown> | null;
  result: Record<string, unknown> | null;
  attempts: number;
  idempotency_key: string;
  began_at: Date | null;
  ended_at: Date | null;
}

/** A request to the model, as it was on the wire. */
export interface Asked {
  messages: { role: string; content: string | null; tool_calls?: { function: { name: string } }[] }[];
  tools?: { function: { name: string; parameters: { properties: Record<string, unknown> } } }[];
  tool_choice?: string;
}

export interface StoredEvent {
  name: string;
  conversation_id: string | null;
  properties: Record<string, unknown>;
  at: string;
}

/** What the model does when the customer's words hold the customer's rare word. */
export interface Line {
  calls?: { name: string; arguments?: unknown }[];
  reply?: string;
  /** Default 1. */
  times?: number;
}

/** A customer whose agent has tools, and a look at what it is offered, proposes and does. */
export interface ActingCustomer extends GenericCustomer {
  /** Said in every message, so that the script's lines meet this customer alone. */
  word: string;
  /** Says something and waits for the next answer. */
  asks(text: string, more?: Record<string, unknown>): Promise<string>;
  /** Oldest first. */
  calls(): Promise<MadeCall[]>;
  /** Requests for a reply, oldest first. */
  asked(): Promise<Asked[]>;
  /** Names of the functions in the newest request. */
  offered(): Promise<string[]>;
  /** What the model was told of its calls in the newest request. */
  results(): Promise<Record<string, unknown>[]>;
  /** Of this conversation, oldest first. */
  events(name: string): Promise<StoredEvent[]>;
  /** Of the agent's tools. */
  setTools(tools: object[]): Promise<void>;
  read(): Promise<Record<string, unknown>>;
}

export const TAG = { node_type: 'qontak_chat_room_tag', fields: {} };

/** With `phone`, the one of a lead of the CRM stand-in. */
export const BUDI = { name: 'Budi', phone: '+6281234567890' };

export async function actingCustomer(
  journey: Journey,
  tools: object[],
  settings: Record<string, unknown> = {},
): Promise<ActingCustomer> {
  const word = rareWord();
  const customer = await genericCustomer(journey, { prompt: `You serve ${word}.`, tools, ...settings });
  let heard = 0;

  async function asked(): Promise<Asked[]> {
    const { entries } = await journey.model('GET', '/journal?limit=1000');
    return (entries as { request: string }[])
      .filter(({ request }) => request.includes(`You serve ${word}.`))
      .map(({ request }) => JSON.parse(request) as Asked & { response_format?: object })
      .filter((request) => request.response_format === undefined);
  }

  return {
    ...customer,
    word,
    async asks(text, more = {}) {
      await customer.says(`${text} (${word})`, {
        customer: { id: `customer of ${customer.room}`, ...BUDI },
        ...more,
      });
      const all = await customer.hears(heard + 1);
      heard = all.length;
      return all.at(-1)?.body.text ?? '';
    },
    calls: () =>
      journey.sql<MadeCall>(
        `select id, turn, step, tool, state, reason, arguments, result, attempts, idempotency_key, began_at, ended_at
         from calls where conversation_id = $1 order by planned_at, turn, number`,
        [customer.conversation()],
      ),
    asked,
    async offered() {
      const newest = (await asked()).at(-1);
      return (newest?.tools ?? []).map((tool) => tool.function.name);
    },
    async results() {
      const newest = (await asked()).at(-1);
      return (newest?.messages ?? [])
        .filter(({ role }) => role === 'tool')
        .map(({ content }) => JSON.parse(content ?? '') as Record<string, unknown>);
    },
    async events(name) {
      const answer = await journey.call(
        'GET',
        `/v1/events?limit=100&name=${name}&conversation=${customer.conversation()}`,
        { as: 'viewer' },
      );
      if (answer.status !== 200) throw new Error(`the events were answered ${answer.status}: ${answer.text}`);
      return (answer.body['data'] as StoredEvent[]).reverse();
    },
    setTools: (changed) => customer.change({ tools: changed }),
    async read() {
      const answer = await journey.call('GET', `/v1/conversations/${customer.conversation()}`, {
        as: 'viewer',
      });
      if (answer.status !== 200) throw new Error(`it was answered ${answer.status}: ${answer.text}`);
      return answer.body;
    },
  };
}

/** What the model says to this customer, line by line; after them its own rules. Replaces the script of before. */
export async function script(journey: Journey, { word }: { word: string }, ...lines: Line[]): Promise<void> {
  await journey.model('POST', '/control', {
    script: lines.map(({ calls, reply, times = 1 }) => ({
      when: word,
      times,
      ...(reply === undefined ? {} : { reply }),
      ...(calls === undefined
        ? {}
        : {
            again: true,
            tool_calls: calls.map(({ name, arguments: given = {} }) => ({ name, arguments: given })),
          }),
    })),
  });
}

interface CrmEntry {
  n: number;
  method: string;
  path: string;
  query: string;
  headers: Record<string, string>;
  body: string;
  status: number | null;
  done: boolean;
}

/** The CRM stand-in of a journey. */
export function crmOf(journey: Journey) {
  const control = async (settings: object): Promise<{ token: string; refreshes: number }> =>
    (await journey.standIn('POST', '/crm/control', settings)) as { token: string; refreshes: number };
  const journal = async (after = 0): Promise<CrmEntry[]> =>
    (await journey.standIn('GET', `/crm/journal?limit=1000&after=${after}`))['entries'] as CrmEntry[];
  return {
    control,
    /** Every request from now on, as `METHOD path status`. */
    async watch() {
      const { last } = (await journey.standIn('GET', '/crm/journal?limit=0')) as { last: number };
      return {
        entries: () => journal(last),
        lines: async () =>
          (await journal(last)).map(({ method, path, status }) => `${method} ${path} ${status ?? 'silence'}`),
      };
    },
    /** Gives the organisation the token that is good now, as a person would. */
    async connect() {
      const { token } = await control({ reset: true });
      const saved = await journey.call('PUT', '/v1/connections/__qontak_crm_company_token', {
        as: 'admin',
        body: { token },
      });
      if (saved.status !== 200) throw new Error(`the token was answered ${saved.status}: ${saved.text}`);
      return token;
    },
    /** Outcomes of refreshes, oldest first. */
    async refreshed(): Promise<Record<string, unknown>[]> {
      const answer = await journey.call('GET', '/v1/events?limit=100&name=qontak_action_token_refreshed', {
        as: 'viewer',
      });
      return (answer.body['data'] as StoredEvent[]).map(({ properties }) => properties).reverse();
    },
  };
}

/** Waits until a call of the customer's is in this state. */
export function reaches(customer: ActingCustomer, state: string): Promise<MadeCall> {
  return eventually(`a call is ${state}`, async () =>
    (await customer.calls()).find((call) => call.state === state),
  );
}
