/** The most that one commit takes, so that it never blocks others for long. */
type GroupLimits = { items: number; bytes: number };

/**
 * Gathers calls into commits: what is added while one works, or in the same turn of the event loop, is the next
 * one. `commit` gives one result an item, in order, once they are safe; if it throws, each of its items is
 * rejected with the error. Commits never overlap.
 */
export function createGroupCommit<Item, Result>(options: {
  commit: (items: readonly Item[]) => Promise<readonly Result[]>;
  bytesOf: (item: Item) => number;
  limits: GroupLimits;
}): (item: Item) => Promise<Result> {
  const { commit, bytesOf, limits } = options;
  type Waiting = { item: Item; resolve: (result: Result) => void; reject: (error: unknown) => void };
  const waiting: Waiting[] = [];
  let working = false;

  const take = (): Waiting[] => {
    let bytes = 0;
    const end = waiting.findIndex(({ item }, index) => {
      bytes += bytesOf(item);
      return index > 0 && (index >= limits.items || bytes > limits.bytes);
    });
    return waiting.splice(0, end === -1 ? waiting.length : end);
  };

  const work = async (): Promise<void> => {
    while (waiting.length > 0) {
      const taken = take();
      try {
        const results = await commit(taken.map(({ item }) => item));
        for (const [index, { resolve }] of taken.entries()) resolve(results[index] as Result);
      } catch (error) {
        for (const { reject } of taken) reject(error);
      }
    }
    working = false;
  };

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (working) return;
      working = true;
      setImmediate(() => void work());
    });
}
