import { accessSync, constants, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FlowError, type Problem } from '../../../base/errors.ts';
import { runGit } from '../../../workspaces/git.ts';
import type { Finding } from './check.ts';

/** A program of the host. `program` is a name, or a path (possibly with a star) outside the PATH. */
type HostProgram = {
  program: string;
  package: string;
  usedBy: 'product' | 'engine' | 'images' | 'tests';
};

const TABLE = new URL('../../../../bin/programs', import.meta.url);

/** Where the service looks for programs, independent of its PATH. */
const DIRECTORIES = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** The table that `bin/prepare` installs from. */
export function readHostPrograms(): HostProgram[] {
  const lines = readFileSync(TABLE, 'utf8').split('\n');
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [program = '', name = '', usedBy = ''] = line.split(/\s+/);
      return { program, package: name, usedBy: usedBy as HostProgram['usedBy'] };
    });
}

/** Where a program of the table is, or undefined when the machine has none in `directories`. */
export function findHostProgram(
  program: string,
  directories: readonly string[] = DIRECTORIES,
): string | undefined {
  const paths = program.startsWith('/') ? globSync(program) : directories.map((dir) => join(dir, program));
  return paths.find(isExecutable);
}

/** Programs that the service needs and this machine lacks. */
export async function reportPrograms(): Promise<Finding> {
  const needed = readHostPrograms().filter(({ usedBy }) => usedBy === 'product');
  const missing = needed.filter(({ program }) => findHostProgram(program) === undefined);
  if (missing.length === 0) return needed.map(({ program }) => program).join(', ');
  return {
    detail: `${missing.map(({ program }) => program).join(', ')} missing`,
    problems: missing.map(programMissing),
  };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function programMissing({ program, package: name }: HostProgram): Problem {
  return {
    code: 'program_missing',
    message: `The service needs ${program}, which is missing in ${DIRECTORIES.join(', ')}.`,
    hint: `Install it: sudo apt-get install -y ${name}`,
  };
}

/** The first git that takes settings from the environment, as the credential helper needs: https://git-scm.com/docs/git-config#Documentation/git-config.txt-GITCONFIGCOUNT */
const OLDEST = [2, 31] as const;

/** The version of the host's git. Throws `program_missing`, `git_too_old`. */
export async function describeGit(): Promise<string> {
  const answer = await runGit(['--version'], { timeoutMs: 5_000 }).catch((error: unknown) => {
    throw gitMissing(error);
  });
  if (answer.exitCode !== 0) throw gitMissing(answer.stderr);
  const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(answer.stdout) ?? [];
  const isNew = Number(major) > OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) >= OLDEST[1]);
  if (!isNew) throw gitTooOld(answer.stdout.trim());
  return answer.stdout.trim().replace(/^git version /, '');
}

function gitMissing(cause: unknown): FlowError {
  return new FlowError({
    code: 'program_missing',
    blame: 'operator',
    message: 'This machine has no git, which clones repositories.',
    hint: 'Install it: sudo apt-get install -y git',
    cause,
  });
}

function gitTooOld(found: string): FlowError {
  return new FlowError({
    code: 'git_too_old',
    blame: 'operator',
    message: `This machine has ${found}; cloning needs git ${OLDEST.join('.')} or newer.`,
    hint: 'Install a newer git: sudo apt-get install -y git',
  });
}
