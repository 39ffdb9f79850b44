import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A private directory (0700) that is removed when the test that asked for it is over. */
export function secretsDirectory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'gf-secrets-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A private file (0600) with `content` in `dir`; gives its path. */
export function secretFile(dir: string, name: string, content: string | Uint8Array): string {
  const path = join(dir, name);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}
