import { createHash } from 'node:crypto';
import { json, type Answer } from '../stand-ins/faults.ts';
import type { LocalCall } from '../stand-ins/local-http-server.ts';
import { errorAnswer, HONEST_HEADERS } from './completion-wire.ts';

/** What recordings say, by the SHA-256 of their bytes in hex: told by whoever made them. */
export type Transcripts = Record<string, string>;

interface Part {
  name: string;
  fileName: string | undefined;
  type: string | undefined;
  bytes: Buffer;
}

/** The request as the journal keeps it: never the bytes. */
export function transcriptionAsked(call: LocalCall): string {
  const parts = partsOf(call);
  const shown = parts.map(({ name, fileName, type, bytes }) =>
    fileName === undefined
      ? [name, bytes.toString('utf8')]
      : [name, { name: fileName, type, size: bytes.length, sha256: digestOf(bytes) }],
  );
  return JSON.stringify(Object.fromEntries(shown));
}

/** The transcript that was told for these very bytes. Nothing here can hear, so any other recording is refused. */
export function transcribe(call: LocalCall, transcripts: Transcripts): Answer {
  if (!call.headers.authorization?.startsWith('Bearer ')) return errorAnswer(401, 'no API key was given');
  const parts = partsOf(call);
  const file = parts.find(({ name }) => name === 'file');
  if (file?.fileName === undefined) return errorAnswer(400, 'file is missing');
  if (!parts.some(({ name, bytes }) => name === 'model' && bytes.length > 0))
    return errorAnswer(400, 'you must provide a model parameter');
  const text = transcripts[digestOf(file.bytes)];
  if (text === undefined)
    return errorAnswer(400, 'an offline model cannot hear: tell it by /control what this recording says');
  const seconds = Math.max(1, Math.round(file.bytes.length / 16_000));
  return json(200, { text, usage: { type: 'duration', seconds } }, HONEST_HEADERS);
}

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The parts of a multipart form; none where it is not one. */
function partsOf({ headers, body }: LocalCall): Part[] {
  const [, boundary] = /boundary="?([^";]+)"?/.exec(headers['content-type'] ?? '') ?? [];
  if (boundary === undefined) return [];
  const line = `--${boundary}`;
  const parts: Part[] = [];
  for (let at = body.indexOf(line); at >= 0;) {
    const next = body.indexOf(`\r\n${line}`, at);
    if (next < 0) break;
    const head = body.indexOf('\r\n\r\n', at);
    const told = body.toString('utf8', at, head);
    const [, name = ''] = /[; ]name="([^"]*)"/.exec(told) ?? [];
    const [, fileName] = /filename="([^"]*)"/.exec(told) ?? [];
    const [, type] = /content-type: *([^\r\n]+)/i.exec(told) ?? [];
    parts.push({ name, fileName, type, bytes: body.subarray(head + 4, next) });
    at = next + 2;
  }
  return parts;
}
