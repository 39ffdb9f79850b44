import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { shellQuote } from '../../../base/text.ts';
import { decodeLine } from '../../../containers/output/output-line.ts';
import { runLogDirectory } from '../../../flow/paths.ts';
import type { Run } from '../../../runs/run.ts';
import type { DemoPlaces } from './paths.ts';
import { CHANGE_MARK } from './profile.ts';
import type { Screen } from './screen.ts';

/** This checkout's command. */
const COMMAND = resolve(import.meta.dirname, '../../../../bin/github-flows');

/** What one demo came to; `directory` holds prompt, output and change. */
export type DemoResult = { run: Run; change: string; directory: string };

/** Takes the change from the run's output and keeps it beside that; it is empty when there is none. */
export async function keepResult(places: DemoPlaces, run: Run): Promise<DemoResult> {
  const directory = runLogDirectory(places.varDir, run);
  const change = await changeInOutput(join(directory, 'output.jsonl'));
  if (change !== '') await writeFile(join(directory, 'change.diff'), change, { mode: 0o600 });
  return { run, change, directory };
}

/** Shows what the agent changed and said, and where it is all kept. */
export function showResult(screen: Screen, places: DemoPlaces, { run, change }: DemoResult): void {
  screen.heading('The change');
  screen.text(change || 'The agent committed nothing.');
  screen.heading('The agent’s answer');
  screen.text(run.finalMessage ?? 'The agent gave no answer.');
  screen.heading('Files');
  showPlaces(screen, places, run);
}

/** A command that works from anywhere: the demo's directory holds its settings. */
export function demoCommand(places: DemoPlaces, words: string): string {
  return `cd ${shellQuote(places.dir)} && ${shellQuote(COMMAND)} ${words}`;
}

/** Where a run can be looked at, also one that failed. */
export function showPlaces(screen: Screen, places: DemoPlaces, run: Run): void {
  screen.text(
    [
      `prompt, output and change  ${runLogDirectory(places.varDir, run)}`,
      `profile and its prompt     ${places.profiles}`,
      `log of the service         ${places.serviceLog}`,
      `the run again              ${demoCommand(places, `runs show ${run.id}`)}`,
    ].join('\n'),
  );
}

/** What git said of the change, behind the mark in the kept output of a run; a run that never started has none. */
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
