import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { shellProfile, startService, type TestService } from '../support/service/service.ts';

let service: TestService;
afterEach(async () => await service.close());

test('a signed comment becomes a run that ended well, and nothing of it is left', async () => {
  service = await startService({
    profiles: { 'hello/profile.json': shellProfile('cat repo/README.md; id -u; pwd') },
  });
  const run = await service.run();
  expect(run).toMatchObject({ outcome: 'succeeded', reason: null, exitCode: 0, state: 'ended', attempt: 1 });
  const uid = process.getuid?.() === 0 ? 1000 : process.getuid?.();
  expect(service.output(run.id)).toBe(`# Hello\n${uid}\n/workspace\n`);
  expect(await service.containers()).toEqual([]);
  expect(existsSync(join(service.config.workspaceRoot, 'octo/hello'))).toBe(false);
  expect(
    readdirSync(service.config.runDir).flatMap((name) => readdirSync(join(service.config.runDir, name))),
  ).toEqual([]);
});
