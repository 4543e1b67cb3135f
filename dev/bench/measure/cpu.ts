import { readdirSync, readFileSync } from 'node:fs';

/** Linux hands out CPU time to programs in hundredths of a second, whatever its own clock does. */
const TICKS_PER_SECOND = 100;

interface ProcessStat {
  pid: number;
  parent: number;
  /** Its own and that of the children it has buried, user and system. */
  seconds: number;
}

/**
 * CPU seconds, user and system, that each named process and everything below it has used so far. A child that has
 * ended is in its parent's figure, one that lives is counted itself, so differences of two readings are whole.
 * @throws Error without /proc: there is no bench but on Linux.
 */
export function cpuSeconds<Name extends string>(roots: Record<Name, number>): Record<Name, number> {
  const all = readProcesses();
  const sums = Object.entries<number>(roots).map(([name, pid]) => [
    name,
    treeOf(pid, all).reduce((sum, member) => sum + member.seconds, 0),
  ]);
  return Object.fromEntries(sums) as Record<Name, number>;
}

/** The named processes and all below them. */
export function pidsBelow(roots: readonly number[]): number[] {
  const all = readProcesses();
  return roots.flatMap((root) => treeOf(root, all).map(({ pid }) => pid));
}

/** How much later readings of `cpuSeconds` exceed earlier ones. */
export function used<Name extends string>(
  before: Record<Name, number>,
  after: Record<Name, number>,
): Record<Name, number> {
  const names = Object.keys(before) as Name[];
  return Object.fromEntries(names.map((name) => [name, after[name] - before[name]])) as Record<Name, number>;
}

export function total(seconds: Record<string, number>): number {
  return Object.values(seconds).reduce((sum, one) => sum + one, 0);
}

/** CPU seconds of each kind of thread of one process, by the name that the thread gave itself. */
export function threadSeconds(pid: number): Record<string, number> {
  const byName: Record<string, number> = {};
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const read = readStat(`/proc/${pid}/task/${thread}/stat`);
    if (read === undefined) continue;
    const name = Number(thread) === pid ? 'main thread' : read.name.replace(/[-_]?\d+$/, '');
    byName[name] = (byName[name] ?? 0) + ticks(read.fields, 11, 12);
  }
  return byName;
}

function treeOf(root: number, all: Map<number, ProcessStat>): ProcessStat[] {
  const found = all.get(root);
  if (found === undefined) return [];
  const children = [...all.values()].filter(({ parent }) => parent === root);
  return [found, ...children.flatMap(({ pid }) => treeOf(pid, all))];
}

function readProcesses(): Map<number, ProcessStat> {
  const all = new Map<number, ProcessStat>();
  for (const entry of readdirSync('/proc')) {
    const read = /^\d+$/.test(entry) ? readStat(`/proc/${entry}/stat`) : undefined;
    if (read === undefined) continue;
    const pid = Number(entry);
    all.set(pid, { pid, parent: Number(read.fields[1]), seconds: ticks(read.fields, 11, 14) });
  }
  return all;
}

/** The name stands in brackets and may hold brackets itself; the numbered fields follow the last one. */
function readStat(file: string): { name: string; fields: string[] } | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    // It ended between the listing and the reading.
    return undefined;
  }
  const end = text.lastIndexOf(')');
  return { name: text.slice(text.indexOf('(') + 1, end), fields: text.slice(end + 2).split(' ') };
}

function ticks(fields: readonly string[], first: number, last: number): number {
  return fields.slice(first, last + 1).reduce((sum, field) => sum + Number(field), 0) / TICKS_PER_SECOND;
}
