/** Work by key: of one key one piece at a time, in order; of all keys together at most so many at once. */
export type KeyedQueue = {
  /** Does a piece of work when its turn comes, and rejects as it does; a piece whose name waits or runs already is that one. */
  run(key: string, name: string, work: () => Promise<void>): Promise<void>;
  /** When nothing waits or runs. */
  idle(): Promise<void>;
};

export function createKeyedQueue(atOnce: number): KeyedQueue {
  const known = new Map<string, Promise<void>>();
  const last = new Map<string, Promise<unknown>>();
  const waiting: (() => void)[] = [];
  let free = atOnce;
  const withRoom = async (work: () => Promise<void>): Promise<void> => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => void waiting.push(resolve));
    try {
      await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
  return {
    run(key, name, work) {
      const same = known.get(name);
      if (same) return same;
      const before = last.get(key) ?? Promise.resolve();
      const mine = before.then(async () => await withRoom(work));
      const quiet = mine.catch(() => undefined);
      known.set(name, mine);
      last.set(key, quiet);
      void quiet.then(() => {
        known.delete(name);
        if (last.get(key) === quiet) last.delete(key);
      });
      return mine;
    },
    async idle() {
      while (last.size > 0) await Promise.all(last.values());
    },
  };
}
