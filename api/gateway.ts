import type { ApiPorts } from './ports.ts';
import type { RateLimit } from './rate-limit.ts';
import type { Refusals } from './refusals.ts';
import type { RememberedLookup } from './remembered-lookup.ts';
import type { Streams } from './streams.ts';
import type { Uploads } from './uploads.ts';

/** Where the gateway writes its lines. Errors go under `err`; the log reduces them to kind and place. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What the process decides about the app; everything else comes through the ports. */
export interface AppOptions {
  log: Log;
  /** Where people reach us; decides whether cookies are for https only. */
  publicUrl: string;
  /** How many proxies stand in front, exactly: with a wrong number anybody may choose the address we log. */
  trustedProxies?: number;
  /** Where an engineer sees the conversation's history; null without a Temporal UI. */
  workflowUrl?: (conversationId: string) => string | null;
  /** Seals answers that hold a secret before they are remembered for a repeated POST, each for its own place. */
  sealAnswer?: { seal(text: string, place: string): string; open(sealed: string, place: string): string };
  /** Aborted when the process drains: open streams end. */
  closing?: AbortSignal;
  limits?: Partial<Limits>;
}

export interface Limits {
  /** Web chat streams open at once, per channel integration. */
  streamsPerIntegration: number;
  streamsPerVisitor: number;
  /** Live streams open at once; those of one key may be the consoles of several people. */
  streamsPerOrganisation: number;
  streamsPerKey: number;
  /** A stream whose reader takes nothing for so long is cut off. */
  slowReaderMs: number;
  /** How often an open stream is asked whether its key still may; what the look-up believes comes on top. */
  recheckMs: number;
  /** A visitor's messages: so many at once, and so many per second in the long run. */
  visitorBurst: number;
  visitorPerSecond: number;
  /** Attempts to sign in from one address. */
  signInBurst: number;
  signInPerSecond: number;
  /** Their files, each up to 16 MB. */
  visitorFileBurst: number;
  visitorFilesPerSecond: number;
  /** The same of all visitors from one address. */
  addressFileBurst: number;
  addressFilesPerSecond: number;
  /** Files that are read at once: their bytes are in memory. */
  uploads: number;
  uploadsPerAddress: number;
  heartbeatMs: number;
}

export const DEFAULT_LIMITS: Limits = {
  streamsPerIntegration: 2000,
  streamsPerVisitor: 5,
  streamsPerOrganisation: 500,
  streamsPerKey: 50,
  slowReaderMs: 30_000,
  recheckMs: 10_000,
  visitorBurst: 30,
  visitorPerSecond: 1,
  signInBurst: 60,
  signInPerSecond: 0.5,
  visitorFileBurst: 10,
  visitorFilesPerSecond: 1 / 30,
  addressFileBurst: 60,
  addressFilesPerSecond: 0.5,
  uploads: 16,
  uploadsPerAddress: 6,
  heartbeatMs: 15_000,
};

/** What every handler works with. */
export interface Gateway extends Omit<ApiPorts, 'lookup'> {
  lookup: RememberedLookup;
  refusals: Refusals;
  streams: Streams;
  visitorMessages: RateLimit;
  visitorFiles: RateLimit;
  addressFiles: RateLimit;
  uploads: Uploads;
  newVisitors: RateLimit;
  signIns: RateLimit;
  limits: Limits;
  options: AppOptions;
}
