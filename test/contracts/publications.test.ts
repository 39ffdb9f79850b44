import { expect, test } from 'vitest';
import type { PublishPlan } from '../../src/publish/push/plan.ts';
import { createPublicationStore } from '../../src/runs/outbox/publication-store.ts';
import { eachDatabase } from '../support/databases/databases.ts';
import { openQueue } from '../support/databases/queue.ts';

const plan = (commit: string): PublishPlan => ({
  as: 'pull-request',
  owner: 'o',
  repository: 'r1',
  number: 7,
  branch: 'fixes/7',
  into: 'main',
  base: 'base',
  commit,
  title: 'Title',
  body: 'Body',
  draft: true,
  labels: [],
  reviewers: [],
  teamReviewers: [],
  assignees: [],
  limits: { files: 1, bytes: 1, binaryBytes: 1, allow: [], deny: [], workflows: false },
});

eachDatabase((_kind, databases) => {
  async function open() {
    const { db } = await databases.open();
    const { add } = openQueue(db);
    const time = { now: 1_000 };
    const store = createPublicationStore<PublishPlan>(db, { now: () => time.now } as never);
    const added = async (commit: string, attempt = 1, id?: string): Promise<string> => {
      const runId = id ?? (await add());
      await store.add({ id: runId, attempt, repositoryId: 1, host: 'here' }, plan(commit));
      return runId;
    };
    const due = async (runId: string) => {
      const [publication] = await store.due('here', 1, runId);
      if (!publication) throw new Error('nothing is due');
      return publication;
    };
    return { store, time, added, due };
  }

  test('what an earlier attempt pushed is remembered when the next one takes its row', async () => {
    const { store, time, added, due } = await open();
    const id = await added('one');
    await store.pushing(await due(id), 'fixes/7');
    await store.done({ runId: id, attempt: 1 }, 'https://x');
    time.now += 1;
    await added('two', 2, id);
    const second = await due(id);
    expect(second).toMatchObject({ attempt: 2, tries: 0, plan: { commit: 'two' } });
    expect(await store.pushedTo(second, 'fixes/7')).toEqual(new Set(['one']));
    expect(await store.pushedTo({ ...second, repositoryId: 2 }, 'fixes/7')).toEqual(new Set());
  });

  test('an earlier attempt that is done late settles nothing of the later one', async () => {
    const { store, added, due } = await open();
    const id = await added('one');
    await added('two', 2, id);
    await store.done({ runId: id, attempt: 1 }, null);
    await store.failed({ runId: id, attempt: 1 }, 'why', null);
    await store.refused({ runId: id, attempt: 1 }, 'why');
    expect(await due(id)).toMatchObject({ attempt: 2, tries: 0 });
  });

  test('what was decided earlier never replaces what was decided later', async () => {
    const { store, time, added, due } = await open();
    const older = await due(await added('older'));
    time.now += 1;
    const newer = await due(await added('newer'));
    await store.pushing(newer, 'fixes/7');
    await store.pushing(older, 'fixes/7');
    expect(await store.pushedTo(older, 'fixes/7')).toEqual(new Set(['older']));
    expect(await store.pushedTo(newer, 'fixes/7')).toEqual(new Set(['older', 'newer']));
  });

  test('what waits is known, and what another host should have made long ago', async () => {
    const { store, time, added } = await open();
    const id = await added('one');
    expect(await store.waiting()).toEqual([{ runId: id, repositoryId: 1 }]);
    expect(await store.overdue('there', time.now, 9)).toEqual([]);
    expect(await store.overdue('there', time.now + 1, 9)).toMatchObject([{ runId: id }]);
    expect(await store.overdue('here', time.now + 1, 9)).toEqual([]);
    await store.refused({ runId: id, attempt: 1 }, 'gone');
    expect(await store.waiting()).toEqual([]);
    expect(await store.overdue('there', time.now + 1, 9)).toEqual([]);
  });
});
