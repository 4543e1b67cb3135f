/**
 * Looks until `look` finds something (neither undefined, null nor false) and returns it.
 * @throws Error naming what did not come to pass by the deadline; what `look` threw last is its cause
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | null | false> | T | undefined | null | false,
  deadlineMs = 60_000,
  everyMs = 50,
): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  let failure: unknown;
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined && found !== null && found !== false) return found;
      failure = undefined;
    } catch (error) {
      failure = error;
    }
    if (performance.now() >= deadline)
      throw new Error(`did not happen within ${deadlineMs / 1000} s: ${what}`, { cause: failure });
    await pause(everyMs);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
