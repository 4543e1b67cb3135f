/** What a customer takes before the next message: half of `think` to half as much again, in milliseconds; 0: none. */
export async function pondered(think: number): Promise<void> {
  if (think === 0) return;
  await new Promise((resolve) => setTimeout(resolve, think * (0.5 + Math.random())));
}
