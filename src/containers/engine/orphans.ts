import { LABELS } from '../labels.ts';
import type { CallEngine } from './engine-call.ts';

/** A volume or network that carries a run's labels; `ref` is what the engine removes it by. */
export type OrphanResource = { kind: 'volume' | 'network'; ref: string; runId: string };

/** The calls that find and remove what carries labels of runs beside containers. */
export function orphanCalls(call: CallEngine) {
  return {
    orphanResources: async (installation: string) => await findOrphanResources(call, installation),
    removeOrphanResource: async (orphan: OrphanResource) => await removeOrphanResource(call, orphan),
  };
}

async function findOrphanResources(call: CallEngine, installation: string): Promise<OrphanResource[]> {
  const filters = { label: [`${LABELS.installation}=${installation}`, LABELS.run] };
  return await call({ what: 'list volumes and networks' }, async (docker, abortSignal) => {
    const [{ Volumes }, networks] = await Promise.all([
      docker.listVolumes({ filters: JSON.stringify(filters), abortSignal }),
      docker.listNetworks({ filters, abortSignal }),
    ]);
    const runOf = (labels: Readonly<Record<string, string>> | undefined): string =>
      labels?.[LABELS.run] ?? '';
    return [
      ...(Volumes ?? []).map(({ Name, Labels }) => ({
        kind: 'volume' as const,
        ref: Name,
        runId: runOf(Labels),
      })),
      ...networks.map(({ Id, Labels }) => ({ kind: 'network' as const, ref: Id, runId: runOf(Labels) })),
    ];
  });
}

/** One that is in use stays until it is not. */
async function removeOrphanResource(call: CallEngine, { kind, ref }: OrphanResource): Promise<boolean> {
  const answers = { 403: false, 404: true, 409: false };
  return await call<boolean>({ what: `remove a ${kind}`, answers }, async (docker, abortSignal) => {
    if (kind === 'volume') await docker.getVolume(ref).remove({ abortSignal });
    else await docker.getNetwork(ref).remove({ abortSignal });
    return true;
  });
}
