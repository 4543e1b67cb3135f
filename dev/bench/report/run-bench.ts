import { parseArgs } from 'node:util';

/** What a bench found. */
export interface Findings {
  figures: Record<string, number | string | null>;
  /** Limits that are exact counts and were exceeded; speed on a shared machine is shown, never judged here. */
  exceeded?: string[];
}

/**
 * Runs one bench: reads its whole-number options (`--turns 20`), lets Ctrl-C end what it started, and prints its
 * figures as one JSON object on the last line. The exit code is 1 when something was exceeded or failed.
 */
export async function runBench<Option extends string>(
  name: string,
  defaults: Record<Option, number>,
  work: (options: Record<Option, number>, signal: AbortSignal) => Promise<Findings>,
): Promise<void> {
  const options = readOptions(defaults);
  if (options === undefined) {
    const known = Object.entries(defaults).map(([option, value]) => `--${option} ${String(value)}`);
    console.error(`usage: npm run bench -- ${name} ${known.join(' ')}`);
    process.exitCode = 2;
    return;
  }
  if (process.platform !== 'linux') {
    console.error('the benches read /proc, which only Linux has');
    process.exitCode = 2;
    return;
  }
  const stopping = new AbortController();
  for (const stop of ['SIGINT', 'SIGTERM'] as const)
    process.once(stop, () => stopping.abort(new Error('stopped')));
  try {
    const { figures, exceeded = [] } = await work(options, stopping.signal);
    for (const line of exceeded) console.log(`EXCEEDED  ${line}`);
    console.log(JSON.stringify({ bench: name, ...roundedAll(figures) }));
    if (exceeded.length > 0) process.exitCode = 1;
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  }
}

/** Five digits: more would be noise. */
function roundedAll(figures: Findings['figures']): Findings['figures'] {
  const short = Object.entries(figures).map(([name, value]) => [
    name,
    typeof value === 'number' && Number.isFinite(value) ? Number(value.toPrecision(5)) : value,
  ]);
  return Object.fromEntries(short) as Findings['figures'];
}

function readOptions<Option extends string>(
  defaults: Record<Option, number>,
): Record<Option, number> | undefined {
  const names = Object.keys(defaults) as Option[];
  try {
    const { values } = parseArgs({
      options: Object.fromEntries(names.map((option) => [option, { type: 'string' as const }])),
    });
    const read = names.map((option) => [option, Number(values[option] ?? defaults[option])] as const);
    const usable = read.every(([, value]) => Number.isSafeInteger(value) && value >= 0);
    return usable ? (Object.fromEntries(read) as Record<Option, number>) : undefined;
  } catch {
    // An unknown option, or one without its value: the usage says what there is.
    return undefined;
  }
}
