import { readFileSync } from 'node:fs';
import { pidsBelow } from './cpu.ts';

const EVERY_MS = 1000;

/**
 * Looks once a second how much memory the process trees hold, and keeps the largest sum. Pages that processes
 * share (Postgres's buffers) are counted once: each process is charged its part of them.
 */
export function watchMemory(roots: () => readonly number[]): { peakMb(): number; stop(): void } {
  let peak = 0;
  const look = () => {
    peak = Math.max(
      peak,
      pidsBelow(roots()).reduce((sum, pid) => sum + heldBy(pid), 0),
    );
  };
  look();
  const timer = setInterval(look, EVERY_MS);
  return {
    peakMb: () => peak / 1024,
    stop: () => clearInterval(timer),
  };
}

/** Proportional set size in KiB; 0 for a process that has just ended. */
function heldBy(pid: number): number {
  try {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1] ?? 0);
  } catch {
    // It ended between the listing and the reading.
    return 0;
  }
}
