import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { shellQuote } from '../../../base/text.ts';
import { decodeLine } from '../../../containers/output/output-line.ts';
import { runLogDirectory } from '../../../flow/paths.ts';
import type { Run } from '../../../runs/run.ts';
import type { DemoPaths } from './paths.ts';
import { CHANGE_MARK } from './profile.ts';
import type { Screen } from './screen.ts';

/** This checkout's command. */
const COMMAND = resolve(import.meta.dirname, '../../../../bin/github-flows');

/** The result of one demo; `directory` has prompt, output and change. */
export type DemoResult = { run: Run; change: string; directory: string };

/** Copies the change from the run's output to a file next to it; it may be empty. */
export async function keepResult(paths: DemoPaths, run: Run): Promise<DemoResult> {
  const directory = runLogDirectory(paths.varDir, run);
  const change = await changeInOutput(join(directory, 'output.jsonl'));
  if (change !== '') await writeFile(join(directory, 'change.diff'), change, { mode: 0o600 });
  return { run, change, directory };
}

/** Shows the agent's change and answer, and the files. */
export function showResult(screen: Screen, paths: DemoPaths, { run, change }: DemoResult): void {
  screen.heading('The change');
  screen.text(change || 'The agent committed nothing.');
  screen.heading('The agent’s answer');
  screen.text(run.finalMessage ?? 'The agent gave no answer.');
  screen.heading('Files');
  showPaths(screen, paths, run);
}

/** A command that works from anywhere: the demo's directory holds its settings. */
export function demoCommand(paths: DemoPaths, words: string): string {
  return `cd ${shellQuote(paths.dir)} && ${shellQuote(COMMAND)} ${words}`;
}

/** The files of a run, also of a failed one. */
export function showPaths(screen: Screen, paths: DemoPaths, run: Run): void {
  screen.text(
    [
      `prompt, output and change  ${runLogDirectory(paths.varDir, run)}`,
      `profile and its prompt     ${paths.profiles}`,
      `log of the service         ${paths.serviceLog}`,
      `the run again              ${demoCommand(paths, `runs show ${run.id}`)}`,
    ].join('\n'),
  );
}

/** Git's output about the change, after the marker in the output of a run; empty for a run that never started. */
async function changeInOutput(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const lines = text.split('\n').flatMap((json) => decodeLine(json) ?? []);
  const output = lines.filter(({ stream }) => stream === 'stdout');
  const mark = output.findIndex(({ text }) => text === CHANGE_MARK);
  if (mark < 0) return '';
  return output
    .slice(mark + 1)
    .map(({ text, part }) => (part ? text : `${text}\n`))
    .join('');
}
