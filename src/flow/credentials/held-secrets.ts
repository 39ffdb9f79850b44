import type { Secret } from '../../base/secret.ts';

/** Values that a run was handed, and what lets them be forgotten. */
export type HeldValues = { values: readonly Secret[]; forget(): void };

/** Values of living runs that are masked wherever they show; forgotten when nothing of their run is said any more. */
export type HeldSecrets = {
  hold(runId: string, held: HeldValues): void;
  /** Every value that the run was handed. */
  values(runId: string): readonly Secret[];
  release(runId: string): void;
};

/** An empty collection; a run may hold several times, and letting go of none is fine. */
export function createHeldSecrets(): HeldSecrets {
  const held = new Map<string, HeldValues[]>();
  return {
    hold: (runId, more) => void held.set(runId, [...(held.get(runId) ?? []), more]),
    values: (runId) => (held.get(runId) ?? []).flatMap(({ values }) => values),
    release(runId) {
      for (const { forget } of held.get(runId) ?? []) forget();
      held.delete(runId);
    },
  };
}
