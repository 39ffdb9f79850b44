import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readOutput } from '../../../src/containers/output/log-file.ts';
import type { OutputLine } from '../../../src/containers/output/output-line.ts';

/** Lines as the agent wrote them. */
export function joinLines(lines: readonly OutputLine[]): string {
  return lines.map(({ text, part }) => (part ? text : `${text}\n`)).join('');
}

/** What is kept in a log directory. */
export async function keptLines(dir: string): Promise<OutputLine[]> {
  const lines: OutputLine[] = [];
  for await (const line of readOutput(dir)) lines.push(line);
  return lines;
}

/** A directory that is gone after the work. */
export async function withDirectory(work: (dir: string) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'gf-output-'));
  try {
    await work(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
