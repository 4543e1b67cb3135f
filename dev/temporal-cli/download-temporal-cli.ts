import { chmodSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { gunzipSync } from 'node:zlib';
import { EnvHttpProxyAgent, fetch } from 'undici';
import type { Progress } from '../progress.ts';

/** Where a Temporal CLI is put and how its making is told. */
export interface Obtain {
  /** Without a leading v. */
  version: string;
  target: string;
  env: NodeJS.ProcessEnv;
  progress: Progress;
  signal: AbortSignal | undefined;
}

const VENDOR = 'https://temporal.download/cli';
const CONNECT_MS = 5_000;
const WHOLE_MS = 5 * 60_000;

/**
 * Fetches the CLI the way the Temporal SDK does for its tests: ask the vendor for the archive of this platform,
 * unpack the one program. Where the network refuses the host it gives up within five seconds.
 */
export async function downloadTemporalCli({ version, target, progress, signal }: Obtain): Promise<void> {
  const machine = arch() === 'x64' ? 'amd64' : arch();
  const query = `platform=${platform()}&arch=${machine}&format=tar.gz`;
  const dispatcher = new EnvHttpProxyAgent({ connect: { timeout: CONNECT_MS } });
  try {
    const about = await get(`${VENDOR}/v${version}?${query}`, CONNECT_MS, dispatcher, signal);
    const { archiveUrl, fileToExtract } = (await about.json()) as {
      archiveUrl: string;
      fileToExtract: string;
    };
    progress.say(`downloading the Temporal CLI ${version}`);
    await progress.step('downloading the Temporal CLI', async () => {
      const archive = await get(archiveUrl, WHOLE_MS, dispatcher, signal);
      const program = fileInTar(gunzipSync(Buffer.from(await archive.arrayBuffer())), fileToExtract);
      const beside = `${target}.${process.pid}.download`;
      try {
        writeFileSync(beside, program);
        chmodSync(beside, 0o755);
        renameSync(beside, target);
      } finally {
        rmSync(beside, { force: true });
      }
    });
  } finally {
    await dispatcher.close();
  }
}

async function get(
  url: string,
  withinMs: number,
  dispatcher: EnvHttpProxyAgent,
  signal: AbortSignal | undefined,
) {
  const signals = [AbortSignal.timeout(withinMs), ...(signal ? [signal] : [])];
  const host = new URL(url).host;
  const response = await fetch(url, { dispatcher, signal: AbortSignal.any(signals) }).catch(
    (error: Error) => {
      const cause = (error.cause as { code?: string } | undefined)?.code ?? error.message;
      throw new Error(`${host} could not be reached (${cause})`, { cause: error });
    },
  );
  if (!response.ok) throw new Error(`${host} answered ${response.status}`);
  return response;
}

const BLOCK = 512;

/** The bytes of one file of a tar archive: blocks of 512, a header (name, size in octal) before each file. */
export function fileInTar(archive: Buffer, wanted: string): Buffer {
  for (let at = 0; at + BLOCK <= archive.length;) {
    const field = (from: number, length: number) =>
      archive
        .toString('latin1', at + from, at + from + length)
        .replace(/\0.*$/s, '')
        .trim();
    const size = parseInt(field(124, 12) || '0', 8);
    if (field(0, 100).replace(/^\.\//, '') === wanted) return archive.subarray(at + BLOCK, at + BLOCK + size);
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  throw new Error(`the archive holds no ${wanted}`);
}
