import type { Secret } from '../../base/secret.ts';

/** Values that a run was granted; `forget` ends their masking. */
export type GrantedValues = { values: readonly Secret[]; forget(): void };

/** The values of active runs, which are masked wherever they would show, until nothing of their run is posted any more. */
export type MaskedValues = {
  add(runId: string, granted: GrantedValues): void;
  /** Every value that the run was granted. */
  values(runId: string): readonly Secret[];
  release(runId: string): void;
};

/** Knows no run yet. A run may add several times; to release one that added nothing is fine. */
export function createMaskedValues(): MaskedValues {
  const masked = new Map<string, GrantedValues[]>();
  return {
    add: (runId, more) => void masked.set(runId, [...(masked.get(runId) ?? []), more]),
    values: (runId) => (masked.get(runId) ?? []).flatMap(({ values }) => values),
    release(runId) {
      for (const { forget } of masked.get(runId) ?? []) forget();
      masked.delete(runId);
    },
  };
}
