import type { ServerResponse } from 'node:http';
import { json, openFaults, send, type Answer, type Fault, type FaultSettings } from '../stand-ins/faults.ts';
import { openJournal, readJournal } from '../stand-ins/journal.ts';
import { openLocalServer, type LocalCall, type LocalServer } from '../stand-ins/local-http-server.ts';
import { jsonBody } from '../stand-ins/stand-in.ts';
import { whatIsWrongWithChat, type ChatRequest } from './chat-request.ts';
import { complete } from './completion.ts';
import { completionAnswer, errorAnswer, HONEST_HEADERS, MODEL } from './completion-wire.ts';
import { openScript, type ScriptLine } from './script.ts';
import { transcribe, transcriptionAsked, type Transcripts } from './transcription.ts';

interface ModelFault extends Fault {
  /** Cuts the arguments of the tool calls in half. */
  broken_arguments?: boolean;
  /** Leaves out why the answer ended. */
  no_finish_reason?: boolean;
}

interface Heard {
  at: number;
  /** HTTP status of the answer, before any fault spoilt it. */
  status: number;
  request: string;
  answer: string;
}

export interface OfflineModelOptions {
  /** Default: a free one. */
  port?: number;
  /** Before every answer, until control says else. */
  latencyMs?: number;
  /** Requests and answers are long: 1,000 are kept unless told. */
  journalLimit?: number;
}

/**
 * A rule-based HTTP server that speaks OpenAI's chat completions (text, tools, structured output, streams) and
 * transcriptions, so that
 * the product's real client is in use where no model is to be had. It is not a language model and says so: in the
 * model's name, a header, a field, and the first answer of every conversation.
 * For tests: `/control` {latency_ms, fail, script, transcripts, reset} and `/journal` of what was asked and answered.
 * Base URL for a client: `<url>/v1`.
 */
export async function openOfflineModel(options: OfflineModelOptions = {}): Promise<LocalServer> {
  const faults = openFaults<ModelFault>(['broken_arguments', 'no_finish_reason']);
  const script = openScript();
  let transcripts: Transcripts = {};
  const journal = openJournal<Heard>(options.journalLimit ?? 1000);
  const start = (): void => {
    faults.reset();
    faults.set({ latency_ms: options.latencyMs ?? 0 });
    script.set([]);
    transcripts = {};
  };
  start();

  function chat(call: LocalCall, fault: ModelFault | undefined): Answer {
    const answer = answerChat(call, fault);
    return noted(answer, call.body.toString('utf8'));
  }

  function noted(answer: Answer, request: string): Answer {
    journal.add({
      at: Date.now(),
      status: answer.status,
      request,
      answer: Array.isArray(answer.body) ? answer.body.join('') : answer.body.toString(),
    });
    return answer;
  }

  function answerChat(call: LocalCall, fault: ModelFault | undefined): Answer {
    if (!call.headers.authorization?.startsWith('Bearer ')) return errorAnswer(401, 'no API key was given');
    let request: ChatRequest;
    try {
      request = jsonBody(call) as unknown as ChatRequest;
    } catch (error) {
      return errorAnswer(400, (error as Error).message);
    }
    const wrong = whatIsWrongWithChat(request);
    if (wrong !== undefined) return errorAnswer(400, wrong);
    const completion = complete(request, script);
    if (fault?.no_finish_reason) completion.finishReason = '';
    if (fault?.broken_arguments) {
      for (const made of completion.calls)
        made.arguments = made.arguments.slice(0, -Math.ceil(made.arguments.length / 2));
    }
    return completionAnswer(request, call.body.length, completion);
  }

  function control(call: LocalCall): Answer {
    try {
      const {
        reset,
        latency_ms,
        fail,
        script: lines,
        transcripts: told,
        ...rest
      } = call.method === 'DELETE' ? { reset: true } : jsonBody(call);
      const unknown = Object.keys(rest)[0];
      if (unknown !== undefined) throw new Error(`no setting is called ${unknown}`);
      if (reset === true) start();
      faults.set({ latency_ms, fail } as FaultSettings<ModelFault>);
      if (lines !== undefined) script.set(lines as ScriptLine[]);
      if (told !== undefined) transcripts = { ...transcripts, ...(told as Transcripts) };
      return json(200, { ...faults.left(), script: script.left() });
    } catch (error) {
      return json(400, { error: (error as Error).message });
    }
  }

  function handle(call: LocalCall, response: ServerResponse): void {
    switch (`${call.method} ${call.path}`) {
      case 'POST /v1/chat/completions':
        faults.answer(
          call,
          response,
          (fault) => chat(call, fault),
          (fault) => errorAnswer(fault.status ?? 500, 'a fault was switched on', fault.headers),
        );
        break;
      case 'POST /v1/audio/transcriptions':
        faults.answer(
          call,
          response,
          () => noted(transcribe(call, transcripts), transcriptionAsked(call)),
          (fault) => errorAnswer(fault.status ?? 500, 'a fault was switched on', fault.headers),
        );
        break;
      case 'GET /healthz':
        send(response, json(200, { status: 'ok', model: MODEL, offline: true }));
        break;
      case 'GET /v1/models':
        send(
          response,
          json(
            200,
            { object: 'list', data: [{ id: MODEL, object: 'model', created: 0, owned_by: 'parley' }] },
            HONEST_HEADERS,
          ),
        );
        break;
      case 'GET /control':
        send(response, json(200, { ...faults.left(), script: script.left() }));
        break;
      case 'POST /control':
      case 'DELETE /control':
        send(response, control(call));
        break;
      case 'GET /journal':
        send(response, json(200, readJournal(journal, call.query)));
        break;
      case 'DELETE /journal':
        journal.clear();
        response.writeHead(204).end();
        break;
      default:
        send(response, errorAnswer(404, `unknown request: ${call.method} ${call.path}`));
    }
  }

  return openLocalServer(options.port ?? 0, handle);
}
