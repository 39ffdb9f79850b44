import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { decodeLine } from '../containers/output-line.ts';
import { runLogDirectory } from '../flow/places.ts';
import type { Run } from '../runs/run.ts';
import type { DemoPlaces } from './demo-places.ts';
import { CHANGE_MARK } from './demo-profile.ts';
import type { Screen } from './demo-screen.ts';

/** This checkout's command. */
export const COMMAND = resolve(import.meta.dirname, '../../bin/github-flows');

/** Shows what the agent changed and said, and where it is all kept. */
export async function showResult(screen: Screen, places: DemoPlaces, run: Run): Promise<void> {
  const log = runLogDirectory(places.varDir, run.id);
  const change = await changeInOutput(join(log, 'output.jsonl'));
  await writeFile(join(log, 'change.diff'), change, { mode: 0o600 });
  screen.heading('The change');
  screen.text(change || 'The agent committed nothing.');
  screen.heading('The agent’s answer');
  screen.text(run.finalMessage ?? 'The agent said nothing.');
  screen.heading('Where everything is');
  showPlaces(screen, places, run);
}

/** Where a run can be looked at, also one that failed. */
export function showPlaces(screen: Screen, places: DemoPlaces, run: Run): void {
  screen.text(
    [
      `prompt, output and change  ${runLogDirectory(places.varDir, run.id)}`,
      `profile and its prompt     ${places.profiles}`,
      `log of the service         ${places.serviceLog}`,
      `the run, once more         cd ${places.dir} && ${COMMAND} runs show ${run.id}`,
    ].join('\n'),
  );
}

/** What git said of the change, behind the mark in the kept output of a run. */
async function changeInOutput(file: string): Promise<string> {
  const lines = (await readFile(file, 'utf8')).split('\n').flatMap((json) => decodeLine(json) ?? []);
  const output = lines.filter(({ stream }) => stream === 'stdout');
  const mark = output.findIndex(({ text }) => text === CHANGE_MARK);
  if (mark < 0) return '';
  return output
    .slice(mark + 1)
    .map(({ text, part }) => (part ? text : `${text}\n`))
    .join('');
}
