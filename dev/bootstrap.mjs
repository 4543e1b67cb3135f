// Runs on whatever Node (20 or newer) the machine has, before anything is installed: installs by the lock
// file, then hands over to the Node the product brings. Hence plain JavaScript and no imports but Node's own.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const stampFile = join(modules, '.parley-installed');
const installLock = join(tmpdir(), `parley-install-${sha256(root).slice(0, 16)}`);
const ourNode = join(modules, 'node', 'bin', 'node');
const parent = process.ppid;
const underNpm = process.env.npm_lifecycle_event !== undefined;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

const [command, ...args] = process.argv.slice(2);
try {
  const program = programOf(command, args);
  checkMachine();
  await ensureInstalled();
  await runProgram(program);
} catch (error) {
  console.error(`parley: ${error.message}`);
  process.exitCode = 1;
}

function programOf(name, rest) {
  if (name === 'start') return ['dev/start.ts', ...rest];
  if (name === 'test') return ['dev/run-tests.ts', 'all', ...rest];
  if (name === 'unit') return ['dev/run-tests.ts', 'unit', ...rest];
  if (name === 'bench') return ['dev/run-bench.ts', ...rest];
  if (name === 'migrate') return ['workers/migrate.ts', ...rest];
  if (name === 'first-key') return ['workers/first-key.ts', ...rest];
  if (name === 'reseal') return ['workers/reseal.ts', ...rest];
  if (name === 'record-histories') return ['dev/record-histories.ts', ...rest];
  if (name === 'acceptance') return ['dev/write-acceptance.ts', ...rest];
  throw new Error(
    'usage: node dev/bootstrap.mjs start|test|unit|bench|migrate|first-key|reseal|record-histories|acceptance' +
      ' [arguments]',
  );
}

function checkMachine() {
  if (process.platform === 'win32') throw new Error('Parley runs on Linux and macOS; on Windows use WSL.');
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) throw new Error(`Node 20 or newer is needed; this is ${process.version}.`);
}

/** Installs unless an install of this very lock file finished and nothing of it is missing. */
async function ensureInstalled() {
  const lockFile = readFileSync(join(root, 'package-lock.json'), 'utf8');
  if (isInstalled(lockFile)) return;
  waitForOtherInstall();
  try {
    if (isInstalled(lockFile)) return;
    say(
      `${existsSync(modules) ? 'installing what is missing' : 'installing the packages'} (npm ci, about a minute)`,
    );
    const started = Date.now();
    await runNpm([
      'ci',
      '--include=dev',
      '--no-audit',
      '--no-fund',
      '--foreground-scripts',
      '--loglevel=error',
    ]);
    if (!nodeRuns()) installOurNode();
    writeFileSync(stampFile, sha256(lockFile));
    say(`packages installed in ${Math.round((Date.now() - started) / 1000)} s`);
  } finally {
    rmSync(installLock, { recursive: true, force: true });
  }
}

function isInstalled(lockFile) {
  const stamped = existsSync(stampFile) && readFileSync(stampFile, 'utf8') === sha256(lockFile);
  const packages = packagesForThisMachine(lockFile);
  if (!stamped && !npmRecorded(packages)) return false;
  return packages.every(([path]) => existsSync(join(root, path, 'package.json'))) && nodeRuns();
}

/** npm writes this record when an install has ended, so somebody's own `npm install` counts too. */
function npmRecorded(packages) {
  const recordFile = join(modules, '.package-lock.json');
  if (!existsSync(recordFile)) return false;
  const record = JSON.parse(readFileSync(recordFile, 'utf8')).packages;
  return packages.every(([path, { version }]) => record[path]?.version === version);
}

function packagesForThisMachine(lockFile) {
  const fits = (list, own) => list === undefined || list.includes(own);
  return Object.entries(JSON.parse(lockFile).packages).filter(
    ([path, { os, cpu, libc }]) =>
      path !== '' && libc === undefined && fits(os, process.platform) && fits(cpu, process.arch),
  );
}

function nodeRuns() {
  return existsSync(ourNode) && spawnSync(ourNode, ['--version'], { stdio: 'ignore' }).status === 0;
}

/** Some npm settings skip install scripts; the one of the package `node` fetches its binary. */
function installOurNode() {
  say('fetching the Node the product runs on');
  const script = spawnSync(process.execPath, ['installArchSpecificPackage.js'], {
    cwd: join(modules, 'node'),
    stdio: 'inherit',
  });
  if (script.status !== 0 || !nodeRuns()) {
    throw new Error(
      'The npm package "node" brings the Node that the product runs on, and its install script did not run.\n' +
        'Allow install scripts for this folder (npm config get ignore-scripts) and start again.',
    );
  }
}

async function runNpm(npmArgs) {
  // npm names its own program to the scripts it runs; without npm around us it is the one on PATH.
  const own = process.env.npm_execpath;
  const [file, before] = own !== undefined && /\.c?js$/.test(own) ? [process.execPath, [own]] : ['npm', []];
  const child = spawn(file, [...before, ...npmArgs], { cwd: root, stdio: 'inherit' });
  const stillAtIt = setInterval(() => say('still installing'), 15_000);
  const { code, signal } = await ended(child, 'npm');
  clearInterval(stillAtIt);
  if (code === 0) return;
  throw new Error(
    `npm ci did not finish (${signal ?? `code ${code}`}); its message stands above. Run the command again.`,
  );
}

/** Resolves when the child has ended; hands on to it what asks us to stop meanwhile. */
function ended(child, name) {
  return new Promise((resolve, reject) => {
    for (const signal of SIGNALS) process.on(signal, () => child.kill(signal));
    // npm waits for us as long as it lives: another parent means that it was killed and no signal will come.
    const watch = setInterval(() => {
      if (underNpm && process.ppid !== parent) child.kill('SIGTERM');
    }, 1000);
    child.once('error', (error) => reject(new Error(`${name} could not be started: ${error.message}`)));
    child.once('exit', (code, signal) => {
      clearInterval(watch);
      for (const each of SIGNALS) process.removeAllListeners(each);
      resolve({ code, signal });
    });
  });
}

/** Two commands started at once (npm start beside npm test) must not install into one folder. */
function waitForOtherInstall() {
  for (let told = false; ; pause(500)) {
    try {
      mkdirSync(installLock);
      writeFileSync(join(installLock, 'holder'), `${process.pid} ${startOf(process.pid)}`);
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = readHolder();
    if (holder === undefined) {
      rmSync(installLock, { recursive: true, force: true });
      continue;
    }
    if (!told) say(`waiting for another install into this folder (process ${holder})`);
    told = true;
  }
}

/** The process that installs, or undefined when it died without taking its lock away. */
function readHolder() {
  for (let attempt = 0; attempt < 10; attempt += 1) {
    try {
      const [pid, start] = readFileSync(join(installLock, 'holder'), 'utf8').split(' ');
      if (start !== undefined) return startOf(pid) === start ? pid : undefined;
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
    }
    pause(50);
  }
  return undefined;
}

/** When a process began: a number alone may meanwhile belong to another program. */
function startOf(pid) {
  if (existsSync('/proc/self/stat')) {
    const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : '';
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? 'gone';
  }
  const listed = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
  return listed.stdout.trim().replaceAll(' ', '_') || 'gone';
}

function pause(milliseconds) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

async function runProgram([file, ...programArgs]) {
  // The channel tells the program when we die without a word; only the stage has children to end then.
  const stdio = command === 'start' ? ['inherit', 'inherit', 'inherit', 'ipc'] : 'inherit';
  const child = spawn(realpathSync(ourNode), [join(root, file), ...programArgs], {
    cwd: root,
    stdio,
    env: { ...process.env, PATH: `${join(modules, '.bin')}${delimiter}${process.env.PATH ?? ''}` },
  });
  const { code, signal } = await ended(child, file);
  if (signal === null) process.exitCode = code;
  else process.kill(process.pid, signal);
}

function sha256(text) {
  return createHash('sha256').update(text).digest('hex');
}

function say(line) {
  console.log(`parley: ${line}`);
}
