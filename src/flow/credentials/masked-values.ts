import type { Secret } from '../../base/secret.ts';

/** Values that a run was granted; `forget` ends their masking. */
type GrantedValues = { values: readonly Secret[]; forget(): void };

/** The granted values of active runs; they are masked until nothing more of their run is posted. */
export type MaskedValues = {
  add(runId: string, granted: GrantedValues): void;
  /** Every value that the run was granted. */
  values(runId: string): readonly Secret[];
  release(runId: string): void;
};

/** Creates an empty registry. A run may add several times; releasing a run without values changes nothing. */
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
