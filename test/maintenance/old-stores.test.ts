import { existsSync, mkdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { removeOldMirrors } from '../../src/maintenance/old-mirrors.ts';
import type { PublicationStore } from '../../src/runs/outbox/publication-store.ts';
import type { RunStore } from '../../src/runs/store/run-store.ts';
import { apartStore } from '../../src/workspaces/mirrors/apart.ts';
import { temporaryDirectory } from '../support/suite/temporary.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 5, 1);

test('what a pull request brought goes as early as mirrors do, but a week later where a run or a publication needs the repository', async () => {
  const directory = await temporaryDirectory();
  const make = (id: number, days: number): string => {
    const store = apartStore(join(directory, `${id}.git`), `pull-${days}`);
    mkdirSync(store, { recursive: true });
    utimesSync(store, (NOW - days * DAY) / 1000, (NOW - days * DAY) / 1000);
    return store;
  };
  const stores = [make(1, 2), make(2, 2), make(1, 8)];
  await removeOldMirrors(
    {
      directory,
      runs: { notEnded: async () => [{ repositoryId: 1 }] } as unknown as RunStore,
      publications: { waiting: async () => [] } as unknown as Pick<PublicationStore, 'waiting'>,
      now: NOW,
      signal: AbortSignal.timeout(10_000),
    },
    { before: NOW - DAY, maxBytes: Number.POSITIVE_INFINITY },
  );
  expect(stores.map((store) => existsSync(store))).toEqual([true, false, false]);
});
