import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onIssues, shellProfile, startService, type TestService } from '../service/service.ts';

/** The token that every run of a scripted agent is handed. */
export const HANDED_TOKEN = 'ghp_0123456789abcdefghijklmnopqrstuvwxyz';

/** Files of profiles, by name: the agent of each is a shell that does what a comment on this issue says, in the clone. */
export function scriptedProfiles(
  profiles: Record<string, { issue: number } & Record<string, unknown>>,
): Record<string, unknown> {
  const files = Object.entries(profiles).flatMap(([name, { issue, ...more }]) => {
    const handler = {
      command: ['sh', '-ec', 'cd repo; . /run/github-flows/prompt.md'],
      promptRef: 'prompt.md',
      promptVariables: { SCRIPT: 'event.comment.body' },
    };
    return [
      [`${name}/prompt.md`, '{{SCRIPT}}'],
      [`${name}/profile.json`, onIssues(issue, shellProfile('', { handler, ...more }))],
    ];
  });
  return Object.fromEntries(files);
}

/** The runtime of a profile that mounts the token of the service in this directory at /run/secrets/gh-token. */
export function mountedToken(dir: string): Record<string, unknown> {
  return {
    dockerArgs: ['--mount', `type=bind,src=${dir}/secrets/gh-token,dst=/run/secrets/gh-token,readonly`],
  };
}

/** Writes the token that runs are handed into the secrets of the service in this directory. */
export function writeHandedToken(dir: string): void {
  mkdirSync(join(dir, 'secrets'), { recursive: true, mode: 0o700 });
  writeFileSync(join(dir, 'secrets/gh-token'), `${HANDED_TOKEN}\n`, { mode: 0o600 });
}

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
        runtime: { ...mountedToken(dir), ...more.runtime },
        ...(more.publish ? { publish: more.publish } : {}),
      }),
    }),
    prepare: writeHandedToken,
  });
}
