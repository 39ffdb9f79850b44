import { runCli } from '../../src/cli/program.ts';

/** What a command left: its exit code and both streams. */
export type CommandResult = { code: number; out: string; err: string };

/** Runs a command in this process, as if it was started in `directory` with these settings and no others. */
export async function runCommand(
  directory: string,
  settings: Readonly<Record<string, string>>,
  ...argv: readonly string[]
): Promise<CommandResult> {
  let out = '';
  let err = '';
  const code = await runCli(argv, {
    directory,
    settings: () => settings,
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    isTerminal: false,
    fail: () => undefined,
  });
  return { code, out, err };
}
