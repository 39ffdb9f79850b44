/** Work in lanes: of one lane one piece at a time, in order, and of all lanes together so many at once. */
export type Lanes = {
  /** Does a piece of work when its turn comes, and rejects as it does; a piece whose name waits or runs already is that one. */
  run(lane: string, name: string, work: () => Promise<void>): Promise<void>;
  /** When nothing waits or runs. */
  idle(): Promise<void>;
};

/** Empty lanes. */
export function createLanes(atOnce: number): Lanes {
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
    run(lane, name, work) {
      const same = known.get(name);
      if (same) return same;
      const before = last.get(lane) ?? Promise.resolve();
      const mine = before.then(async () => await withRoom(work));
      const quiet = mine.catch(() => undefined);
      known.set(name, mine);
      last.set(lane, quiet);
      void quiet.then(() => {
        known.delete(name);
        if (last.get(lane) === quiet) last.delete(lane);
      });
      return mine;
    },
    async idle() {
      while (last.size > 0) await Promise.all(last.values());
    },
  };
}
