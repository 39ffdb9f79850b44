import { lchown, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Owner, writeAtomic } from '../../base/files.ts';
import { randomId } from '../../base/ids.ts';
import type { RunPaths } from '../paths.ts';

/** The start script takes this file away before any other program runs. */
const FILE = '.github-flows-mark';

/**
 * Makes the line by which the service knows where an attempt's handler began: 130 random bits, passed to the start script
 * alone, and remembered beside the output, where no container sees it.
 */
export async function makeHandlerMark(
  { workspace, log }: Pick<RunPaths, 'workspace' | 'log'>,
  owner: Owner,
): Promise<void> {
  const mark = `github-flows handler ${randomId(26)}`;
  const file = join(workspace, FILE);
  await writeAtomic(markFile(log), mark, { mode: 0o600 });
  await writeFile(file, `${mark}\n`, { mode: 0o400 });
  await lchown(file, owner.uid, owner.gid);
}

/** The mark of an attempt; undefined for one that was started before there were marks. */
export async function readHandlerMark(log: string): Promise<string | undefined> {
  return await readFile(markFile(log), 'utf8').catch(() => undefined);
}

function markFile(log: string): string {
  return join(log, 'handler-mark');
}
