import express from 'express';
import type { Request, RequestHandler, Response } from 'express';
import { LARGEST_FILE } from '../domain/media.ts';
import { Problem } from './problem.ts';

/** Most that a JSON route takes, after unpacking. */
export const JSON_LIMIT = 256 * 1024;
/** WhatsApp announces payloads of 3 MB. */
export const WEBHOOK_LIMIT = 4 * 1024 * 1024;

/** Far more than any schema here is deep; a parser that recurses would break long after it. */
const MAX_DEPTH = 32;

const jsonBytes = express.raw({ type: () => true, limit: JSON_LIMIT });
// Signatures are over the bytes as they came, so nothing is unpacked.
const webhookBytes = express.raw({ type: () => true, limit: WEBHOOK_LIMIT, inflate: false });

const fileBytes = express.raw({ type: () => true, limit: LARGEST_FILE, inflate: false });

/** The bytes of a file, as they come. */
export function readFile(req: Request, res: Response): Promise<Buffer> {
  return read(fileBytes, req, res);
}

/** The bytes of a webhook, before any parser has seen them (CHAN-2). */
export function readWebhook(req: Request, res: Response): Promise<Buffer> {
  return read(webhookBytes, req, res);
}

/**
 * The parsed JSON body; undefined where the request has none.
 * @throws Problem 400, 413 or 415; what a body holds is never part of it.
 */
export async function readJson(
  req: Request,
  res: Response,
): Promise<{ bytes: Buffer; value: unknown } | undefined> {
  const type = req.headers['content-type'];
  const empty = req.headers['content-length'] === '0' || hasNoBody(req);
  if (empty) return undefined;
  if (type === undefined || !/^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i.test(type))
    throw new Problem(415, 'The body must be application/json in UTF-8.');
  const bytes = await read(jsonBytes, req, res);
  return { bytes, value: parseJson(bytes) };
}

/** @throws Problem 400 for bytes that are not UTF-8, not JSON, or nested too deep. */
export function parseJson(bytes: Buffer): unknown {
  if (depthOf(bytes) > MAX_DEPTH) throw new Problem(400, `The JSON is nested deeper than ${MAX_DEPTH}.`);
  try {
    return JSON.parse(strictUtf8.decode(bytes));
  } catch {
    // The engine's message quotes the text, which may be a customer's.
    throw new Problem(400, 'The body is not JSON in UTF-8.');
  }
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/** How deep arrays and objects are nested, by a walk over the bytes that needs no stack of its own. */
export function depthOf(bytes: Uint8Array): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (inString) {
      if (byte === 0x5c) at += 1;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      if (depth > deepest) deepest = depth;
    } else if (byte === 0x7d || byte === 0x5d) depth -= 1;
  }
  return deepest;
}

function hasNoBody(req: Request): boolean {
  return req.headers['content-length'] === undefined && req.headers['transfer-encoding'] === undefined;
}

function read(reader: RequestHandler, req: Request, res: Response): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    void reader(req, res, (error?: unknown) => {
      if (error) reject(error);
      else resolve(Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0));
    });
  });
}
