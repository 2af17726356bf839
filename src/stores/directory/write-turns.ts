/**
 * Turns at a file: between the look at its version and the write nothing else of this process may change it. Turns are
 * taken by identity, so that several stores over one directory in one process take them from each other, too.
 */
const tails = new Map<string, Promise<void>>();

/** Waits for the turn; the answer gives it to the next. At most one wait for each operation that is under way. */
export async function takeTurn(identity: string): Promise<AsyncDisposable> {
  const before = tails.get(identity);
  let end: () => void = () => {};
  const mine = new Promise<void>((resolve) => {
    end = resolve;
  });
  tails.set(identity, mine);
  if (before !== undefined) await before;
  return {
    async [Symbol.asyncDispose](): Promise<void> {
      if (tails.get(identity) === mine) tails.delete(identity);
      end();
    },
  };
}
