import type { Command } from 'commander';
import type { Check } from './check.ts';
import { runChecks } from './doctor-checks.ts';
import type { Io } from './io.ts';
import { plain, printJson } from './output.ts';
import { usage } from './usage.ts';

/** `doctor`. */
export function addDoctorCommand(program: Command, io: Io): void {
  program
    .command('doctor')
    .description('Check everything a run needs, and print the command that mends what is wrong.')
    .option('--repository <owner/name>', 'also ask GitHub whether the token reaches this repository')
    .option('--json', 'print JSON')
    .action(async (options: { repository?: string; json?: true }) => {
      if (options.repository !== undefined && !/^[\w.-]{1,100}\/[\w.-]{1,100}$/.test(options.repository))
        throw usage(
          `--repository is ${JSON.stringify(options.repository.slice(0, 200))}.`,
          `Write it as owner/name${repositoryIn(options.repository)}.`,
        );
      const checks: Check[] = [];
      for await (const check of runChecks(io, options.repository)) {
        checks.push(check);
        if (!options.json) printCheck(io, check);
      }
      const ok = checks.every((check) => check.problems.length === 0);
      if (options.json) printJson(io, { ok, checks });
      else
        io.out(
          ok ? '\nEverything a run needs is there.\n' : '\nMend what is marked ✗, then run doctor again.\n',
        );
      if (!ok) io.fail(1);
    });
}

/** What a URL of a repository, or a name with `.git`, stands for. */
function repositoryIn(text: string): string {
  const [, owner, name] = /(?:^|[/:])([\w.-]{1,100})\/([\w.-]{1,100}?)(?:\.git)?\/?$/.exec(text) ?? [];
  return owner === undefined || !/[:@]/.test(text) ? '' : `: ${owner}/${name}`;
}

function printCheck(io: Io, { name, detail, problems }: Check): void {
  io.out(`${problems.length === 0 ? '✓' : '✗'} ${name.padEnd(18)} ${plain(detail)}\n`);
  for (const problem of problems)
    io.out(plain(`    ${problem.message}\n    → ${problem.mend} [${problem.code}]\n`));
}
