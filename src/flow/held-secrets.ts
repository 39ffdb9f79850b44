/** Values of living runs that are masked wherever they show; forgotten when nothing of their run is said any more. */
export type HeldSecrets = {
  hold(runId: string, forget: () => void): void;
  release(runId: string): void;
};

/** An empty collection; a run may hold several times, and letting go of none is fine. */
export function createHeldSecrets(): HeldSecrets {
  const held = new Map<string, (() => void)[]>();
  return {
    hold: (runId, forget) => void held.set(runId, [...(held.get(runId) ?? []), forget]),
    release(runId) {
      for (const forget of held.get(runId) ?? []) forget();
      held.delete(runId);
    },
  };
}
