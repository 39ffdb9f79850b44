import type { Command } from 'commander';
import type { Io } from '../../terminal/io.ts';
import { plain, printJson } from '../../terminal/output.ts';
import { checkRepository } from '../../terminal/usage.ts';
import type { Check } from './check.ts';
import { runChecks } from './checks.ts';

/** `doctor`. */
export function addDoctorCommand(program: Command, io: Io): void {
  program
    .command('doctor')
    .description('Check everything that a run needs, and print how to fix each problem.')
    .option(
      '--repository <owner/name>',
      'also report which App or token file serves this repository, and whether the token reaches it',
    )
    .option('--json', 'print JSON')
    .action(async (options: { repository?: string; json?: true }) => {
      if (options.repository !== undefined) checkRepository(options.repository);
      const checks: Check[] = [];
      for await (const check of runChecks(io, options.repository)) {
        checks.push(check);
        if (!options.json) printCheck(io, check);
      }
      const ok = checks.every((check) => check.problems.length === 0);
      if (options.json) printJson(io, { ok, checks });
      else
        io.out(
          ok
            ? '\nEverything that a run needs is ready.\n'
            : '\nFix what is marked ✗, then run doctor again.\n',
        );
      if (!ok) io.fail(1);
    });
}

function printCheck(io: Io, { name, detail, problems }: Check): void {
  io.out(`${problems.length === 0 ? '✓' : '✗'} ${name.padEnd(18)} ${plain(detail)}\n`);
  for (const problem of problems)
    io.out(plain(`    ${problem.message}\n    → ${problem.hint} [${problem.code}]\n`));
}
