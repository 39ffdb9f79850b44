import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { shellProfile, startService } from '../support/service/service.ts';

const TOKEN = 'github_pat_11EXAMPLE0123456789abcdefghijklmnopqrstuvwxyz';

test('credentials.github.env is a variable of the handler that holds the token, and of no configuration', async () => {
  const command =
    'printf %s "$GH_TOKEN" | cmp - /run/secrets/gh-token && echo same; tr "\\0" "\\n" < /proc/1/environ | grep -c ^GH_TOKEN=';
  const service = await startService({
    profiles: {
      'hello/profile.json': shellProfile(command, { credentials: { github: { env: 'GH_TOKEN' } } }),
    },
    prepare(dir) {
      mkdirSync(join(dir, 'secrets'), { mode: 0o700 });
      writeFileSync(join(dir, 'secrets/gh-token'), TOKEN, { mode: 0o600 });
    },
  });
  onTestFinished(service.close);
  const run = await service.run();
  expect(service.output(run.id)).toMatch(/^same\n0\n/);
});
