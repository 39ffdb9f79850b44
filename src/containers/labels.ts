import type { ContainerIdentity } from './plan.ts';

/** Every label of ours begins so; no profile may set one that does. */
export const LABEL_NAMESPACE = 'github-flows.';

/** Whose container this is: the installation, the run, the attempt. */
export const LABELS = {
  installation: `${LABEL_NAMESPACE}installation`,
  run: `${LABEL_NAMESPACE}run`,
  attempt: `${LABEL_NAMESPACE}attempt`,
} as const;

/** The labels by which a later service finds a run's container again. */
export function containerLabels(identity: ContainerIdentity): Record<string, string> {
  return {
    [LABELS.installation]: identity.installation,
    [LABELS.run]: identity.runId,
    [LABELS.attempt]: String(identity.attempt),
  };
}

/** Which run's container carries these labels, or undefined when it is no run of ours. */
export function readRunLabels(labels: Readonly<Record<string, string>>): ContainerIdentity | undefined {
  const installation = labels[LABELS.installation];
  const runId = labels[LABELS.run];
  const attempt = Number(labels[LABELS.attempt]);
  if (!installation || !runId || !Number.isInteger(attempt)) return undefined;
  return { installation, runId, attempt };
}

/** The name people see in `docker ps`: `gf-<installation>-<run>-<attempt>`. */
export function containerName(identity: ContainerIdentity): string {
  return `gf-${identity.installation}-${identity.runId}-${identity.attempt}`;
}
