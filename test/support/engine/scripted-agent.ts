import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { shellProfile, startService, type TestService } from '../service/service.ts';

/** The token that every run of a scripted agent is handed. */
export const HANDED_TOKEN = 'ghp_0123456789abcdefghijklmnopqrstuvwxyz';

/** A service whose agent is a shell that does what the comment says, in the clone, with a token at /run/secrets/gh-token. */
export async function startScriptedAgent(
  more: {
    runtime?: Record<string, unknown>;
    env?: Record<string, string>;
    publish?: Record<string, unknown>;
  } = {},
): Promise<TestService> {
  return await startService({
    env: { MAX_CONCURRENT_RUNS: '2', ...more.env },
    profiles: (dir) => ({
      'hello/prompt.md': '{{SCRIPT}}',
      'hello/profile.json': shellProfile('', {
        handler: {
          command: ['sh', '-c', 'cd repo && exec sh -s'],
          promptRef: 'prompt.md',
          promptVariables: { SCRIPT: 'event.comment.body' },
        },
        runtime: {
          dockerArgs: ['--mount', `type=bind,src=${dir}/secrets/gh-token,dst=/run/secrets/gh-token,readonly`],
          ...more.runtime,
        },
        ...(more.publish ? { publish: more.publish } : {}),
      }),
    }),
    prepare(dir) {
      mkdirSync(join(dir, 'secrets'), { recursive: true, mode: 0o700 });
      writeFileSync(join(dir, 'secrets/gh-token'), `${HANDED_TOKEN}\n`, { mode: 0o600 });
    },
  });
}
