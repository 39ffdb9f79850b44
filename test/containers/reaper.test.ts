import { expect, test } from 'vitest';
import type { Engine } from '../../src/containers/engine/docker.ts';
import { removeOrphans } from '../../src/containers/engine/reaper.ts';

type Found = Awaited<ReturnType<Engine['list']>>;

async function swept(
  containers: { id: string; runId: string; attempt: number }[],
  living: Record<string, number>,
): Promise<string[]> {
  const removed: string[] = [];
  const engine = {
    list: async () => containers as Found,
    remove: async (id: string) => void removed.push(id),
  };
  await removeOrphans(engine, 'inst', async () => new Map(Object.entries(living)));
  return removed;
}

test('a living run keeps the container of its attempt and the one that bundles its commits, and loses the others', async () => {
  const containers = [
    { id: 'earlier attempt', runId: 'run', attempt: 1 },
    { id: 'attempt', runId: 'run', attempt: 2 },
    { id: 'bundle', runId: 'run', attempt: 0 },
  ];
  expect(await swept(containers, { run: 2 })).toEqual(['earlier attempt']);
});

test('of a run that is over nothing stays', async () => {
  const containers = [
    { id: 'attempt', runId: 'over', attempt: 1 },
    { id: 'bundle', runId: 'over', attempt: 0 },
  ];
  expect(await swept(containers, { other: 1 })).toEqual(['attempt', 'bundle']);
});
