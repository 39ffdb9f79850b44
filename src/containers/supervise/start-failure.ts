/** What the start script says when it does not get as far as the handler, and the exit code it then leaves. */
export type StartFailure = { stage: 'start' | 'setup'; text: string; exitCode: number };

const PREFIX = 'github-flows: ';
const NOT_STARTED = `${PREFIX}the container could not start: `;
const SETUP_FAILED = /^github-flows: the setup script ended with exit code (\d{1,3})\.$/;

/** The start script's own exit code. */
const START_EXIT_CODE = 125;

/**
 * Reads one line of standard error as the start script's last words, or undefined.
 *
 * An agent could print such a line and exit likewise; it would only blame its own setup for its own failure.
 */
export function readStartFailure(line: string): StartFailure | undefined {
  const text = line.slice(PREFIX.length);
  if (line.startsWith(NOT_STARTED)) return { stage: 'start', text, exitCode: START_EXIT_CODE };
  const exitCode = SETUP_FAILED.exec(line)?.[1];
  return exitCode === undefined ? undefined : { stage: 'setup', text, exitCode: Number(exitCode) };
}
