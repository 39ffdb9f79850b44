import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { AGENTS } from '../../../src/compose/agents.ts';
import { PROMPT_NAMES } from '../../../src/flow/prepare/prompt.ts';
import { type LoadResult, loadProfiles } from '../../../src/profiles/read/load.ts';

/** Values that a profile of the test's own leaves to this one. */
export const AGENT = {
  handler: { type: 'shell', command: ['true'] },
  runtime: { image: 'image:1' },
};

/** A profiles directory for one test, made of files: objects become JSON, texts and bytes are written as they are. */
export function profilesDirectory(files: Readonly<Record<string, unknown>>): string {
  const dir = mkdtempSync(join(tmpdir(), 'gf-profiles-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  writeFiles(dir, files);
  return dir;
}

/** Writes more files below a directory. */
export function writeFiles(dir: string, files: Readonly<Record<string, unknown>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    const bytes = typeof content === 'string' || content instanceof Uint8Array;
    writeFileSync(join(dir, path), bytes ? content : JSON.stringify(content));
  }
}

/** What loading needs from outside: a host with one home, and prompts that may say anything. */
export const checks = {
  mountHost: {
    homes: ['/home/user', '/root'],
    secretsDir: '/home/user/.secrets',
    varDir: '/srv/github-flows/var',
    workspaceRoot: '/srv/github-flows/var/work',
    runDir: '/run/github-flows',
    appDirs: ['/srv/github-flows'],
    trustedUids: [0, 1000],
    inContainer: false,
    agents: AGENTS,
  },
  checkPrompt: () => [],
  promptNames: PROMPT_NAMES,
  checkAllowList: () => [],
};

/** Loads a directory made of these files. */
export function load(files: Readonly<Record<string, unknown>>): Promise<LoadResult> {
  return loadProfiles({ dir: profilesDirectory(files), checks });
}

/** The codes of a load's errors, in order. */
export function codes(result: LoadResult): string[] {
  return result.issues.map(({ code }) => code);
}
