import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { IssuesError } from '../../../src/base/errors.ts';
import { loadPolicy, type PolicySource } from '../../../src/policy/load.ts';
import { NO_POLICY, type Policy } from '../../../src/policy/policy.ts';

/** The user of this test, who may write policies. */
export const ownUid = process.getuid?.() ?? 0;

/** A policy file of this test's own, and the place of it; `content` is written as JSON unless it is text. */
export function policyFile(content: unknown): PolicySource & { dir: string; file: string } {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'gf-policy-')));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const profilesDir = join(dir, 'profiles');
  mkdirSync(profilesDir);
  const file = join(dir, 'policy.json');
  writePolicy(file, content);
  return { dir, file, profilesDir, uid: ownUid, checkMounts: () => [] };
}

/** Writes a policy that nobody else may write, whatever the umask. */
export function writePolicy(file: string, content: unknown): void {
  const bytes = typeof content === 'string' || content instanceof Uint8Array;
  writeFileSync(file, bytes ? content : JSON.stringify(content));
  chmodSync(file, 0o644);
}

/** The errors of a policy, as `code path`; none when it is taken. */
export function faultsOf(place: PolicySource): string[] {
  try {
    loadPolicy(place);
    return [];
  } catch (error) {
    if (!(error instanceof IssuesError) || error.code !== 'policy_invalid') throw error;
    return error.issues.map(({ code, path }) => (path === undefined ? code : `${code} ${path}`));
  }
}

/** A policy in force, with these parts. */
export function policyOf(parts: Partial<Policy>): Policy {
  return { ...NO_POLICY, file: '/etc/github-flows/policy.json', ...parts };
}
