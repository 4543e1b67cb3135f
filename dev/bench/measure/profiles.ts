import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What V8's `--cpu-prof` writes; times in microseconds of the monotonic clock. */
export interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  startTime: number;
  samples: number[];
  timeDeltas: number[];
}

/** One thread's profile with the place from which its name tells what it was. */
export interface NamedProfile {
  pid: number;
  thread: number;
  profile: CpuProfile;
}

/** The profiles that processes have left in a folder when they ended. */
export function readProfiles(folder: string): NamedProfile[] {
  return readdirSync(folder).flatMap((file) => {
    const [, pid, thread] = /^CPU\.\d+\.\d+\.(\d+)\.(\d+)\.\d+\.cpuprofile$/.exec(file) ?? [];
    if (pid === undefined || thread === undefined) return [];
    const profile = JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile;
    return [{ pid: Number(pid), thread: Number(thread), profile }];
  });
}

export interface SelfTimes {
  /** Milliseconds by package, room of ours, or part of Node. */
  byPackage: Record<string, number>;
  /** Milliseconds by `function (place)`. */
  byFunction: Record<string, number>;
  /** Everything but idling. */
  busyMs: number;
}

/** Self time of what ran in the window (microseconds of the monotonic clock); idling is left out. */
export function selfTimes(profile: CpuProfile, window: { from: number; to: number }): SelfTimes {
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const times: SelfTimes = { byPackage: {}, byFunction: {}, busyMs: 0 };
  let at = profile.startTime;
  for (const [index, id] of profile.samples.entries()) {
    // A delta is the time before its sample: what ran meanwhile is the sample before.
    at += profile.timeDeltas[index] ?? 0;
    const frame = frames.get(id);
    if (frame === undefined || at < window.from || at > window.to) continue;
    if (frame.functionName === '(idle)') continue;
    const ms = (profile.timeDeltas[index + 1] ?? 0) / 1000;
    const place = packageOf(frame.url) || frame.functionName;
    add(times.byPackage, place, ms);
    add(times.byFunction, `${frame.functionName || 'anonymous'} (${place}:${frame.lineNumber + 1})`, ms);
    times.busyMs += ms;
  }
  return times;
}

/** A package, `node:` module, or room of ours; empty for what V8 counts without a file (garbage collector, program). */
export function packageOf(url: string): string {
  const [, dependency] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? [];
  if (dependency !== undefined) return dependency;
  if (url.startsWith('node:')) return url.split('/').slice(0, 2).join('/');
  const [, room] = /\/(adapters\/[^/]+|[a-z]+)\/[^/]*\.ts$/.exec(url) ?? [];
  if (room !== undefined) return room;
  return url === ''
    ? ''
    : (url
        .split('/')
        .at(-1)
        ?.replace(/-[0-9a-f]{8,}/, '') ?? url);
}

function add(sums: Record<string, number>, name: string, value: number): void {
  sums[name] = (sums[name] ?? 0) + value;
}
