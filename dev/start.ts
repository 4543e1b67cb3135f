import { relative, resolve } from 'node:path';
import { openProgress } from './progress.ts';
import { openStage, type Stage } from './stage.ts';

/** A second Ctrl-C comes with the first one, from npm; later than this it is a person who will not wait. */
const SAME_SIGNAL_MS = 1500;

const TEXTS = `node -p "JSON.parse(require('fs').readFileSync(0)).entries.map((e) => JSON.parse(e.body).text).join('\\n')"`;

const progress = openProgress((line) => console.log(line));
const stopping = new AbortController();
let stage: Stage | undefined;
let firstSignal: number | undefined;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void onSignal());
// The program that started us died without passing on a signal.
process.on('disconnect', () => void onSignal());
process.on('uncaughtException', (error) => void crash(error));
process.on('unhandledRejection', (error) => void crash(error));

await main();

async function main(): Promise<void> {
  const dataDir = resolve(process.env['DATA_DIR'] || '.data');
  const bare = readArguments(process.argv.slice(2));
  progress.say(`Parley keeps its data in ${relative('.', dataDir) || '.'}`);
  try {
    stage = await openStage({
      dataDir,
      env: process.env,
      bare,
      restarts: true,
      progress,
      signal: stopping.signal,
    });
  } catch (error) {
    if (stopping.signal.aborted) {
      progress.say('stopped');
      process.exit(0);
    }
    console.error(`\n${(error as Error).message}`);
    process.exit(1);
  }
  if (stopping.signal.aborted) return;
  console.log(`\n${addresses(stage, dataDir).join('\n')}\n`);
  console.log(`ready: ${stage.dev().api} (Ctrl-C stops everything)`);
}

function readArguments(args: string[]): boolean {
  const unknown = args.filter((argument) => argument !== '--bare');
  if (unknown.length === 0) return args.includes('--bare');
  console.error(`unknown: ${unknown.join(' ')}; the one option is --bare (no offline model, no stand-ins)`);
  process.exit(2);
}

function addresses(running: Stage, dataDir: string): string[] {
  const dev = running.dev();
  const file = `${dataDir}/dev.json`;
  const key = `$(node -p "require('${file}').keys.gateway")`;
  const message = `{"id":"'$(date +%s)'","room":"first","customer":{"id":"you","name":"You"},"text":"Hello"}`;
  const model = running.offlineModel
    ? `${dev.model} (offline: rules, not a language model; set OPENAI_API_KEY for a real one)`
    : (dev.model ?? 'the vendor, by OPENAI_API_KEY');
  return [
    `API            ${dev.api}`,
    `API reference  ${dev.api}/docs`,
    `Web chat       ${dev.chat}`,
    `Temporal UI    ${dev.temporal_ui ?? 'not ours: see the server at ' + dev.temporal_address}`,
    `Temporal       ${dev.temporal_address}`,
    `Model          ${model}`,
    ...(dev.stand_ins === null
      ? []
      : [`Stand-ins      ${dev.stand_ins} (WhatsApp, Slack, Qontak CRM, webhook receivers)`]),
    ...(dev.metrics.api === null ? [] : [`Figures        ${dev.metrics.api}`]),
    `Keys, database ${file}`,
    `Logs           ${dataDir}/logs`,
    '',
    'A first message over the generic channel:',
    `  curl -sS ${dev.api}/v1/channels/${dev.channels.generic}/messages -H "authorization: Bearer ${key}" \\`,
    `    -H 'content-type: application/json' -d '${message}'`,
    ...(running.sink === null
      ? []
      : ['and, some seconds later, the answer:', `  curl -sS ${running.sink}/journal | ${TEXTS}`]),
  ];
}

async function onSignal(): Promise<void> {
  const now = performance.now();
  if (firstSignal !== undefined) {
    if (now - firstSignal > SAME_SIGNAL_MS) {
      console.log('stopping at once');
      process.exit(1);
    }
    return;
  }
  firstSignal = now;
  progress.say('stopping');
  stopping.abort();
  if (stage === undefined) return;
  await stage.stop();
  progress.say('stopped');
  process.exit(0);
}

/** A fault of our own must not leave processes behind. */
async function crash(error: unknown): Promise<void> {
  console.error('the stage failed:', error);
  process.exitCode = 1;
  await stage?.stop().catch(() => undefined);
  process.exit(1);
}
