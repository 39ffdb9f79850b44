import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startMappingEngine } from '../support/engine/mapping-engine.ts';
import { TINY_IMAGE } from '../support/engine/own-engine.ts';
import { shellProfile, startService } from '../support/service/service.ts';

const FIRST = 300_000;

/** Only root can start such an engine; what anybody else is told is proved in image-fitness.test.ts. */
const isRoot = process.getuid?.() === 0;

let engine: { host: string; remove(): Promise<void> } | undefined;
beforeAll(async () => {
  if (isRoot) engine = await startMappingEngine(FIRST);
}, 120_000);
afterAll(async () => await engine?.remove());

test('on an engine that maps users a run owns its workspace, reads what it was handed, and writes as a user of the host that has nothing else', async () => {
  if (!engine) return;
  const command =
    'id -u; cat repo/README.md set-up; echo new > repo/new; cat /run/github-flows/run.json > /dev/null && echo read; exit 3';
  const service = await startService({
    profiles: {
      'hello/profile.json': shellProfile(command, {
        runtime: { image: TINY_IMAGE, setupScript: 'echo set up > set-up' },
      }),
    },
    env: { DOCKER_HOST: engine.host, RUN_AS: '1000:1000' },
  });
  onTestFinished(service.close);
  const run = await service.run();
  expect(service.output(run.id)).toBe('1000\n# Hello\nset up\nread\n');
  expect(run).toMatchObject({ outcome: 'failed', exitCode: 3 });
  const workspace = join(service.config.workspaceRoot, 'octo/hello', run.id);
  for (const file of ['repo/new', 'repo/README.md', 'set-up'])
    expect(statSync(join(workspace, file)).uid).toBe(FIRST + 1000);
  expect(await service.containers()).toEqual([]);
  expect(service.log.map(({ msg }) => msg)).toContain(
    'engine maps users, run files belong to the mapped owner',
  );
});
