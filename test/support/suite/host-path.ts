import { execFileSync } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  constants,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { findHostProgram, readHostPrograms } from '../../../src/cli/commands/doctor/programs.ts';

const BINARIES = /^(?:\/usr)?\/s?bin\/[^/]+$/;

/**
 * A directory for `PATH` that holds Node.js, Debian's essential programs and those of `bin/programs`, each a link, and
 * nothing else: what nobody declared is missing on every machine, and not only on the next one. Gives it and how it is
 * removed; undefined where the machine is no Debian.
 */
export function makeHostPath(): { path: string; remove(): void } | undefined {
  const essential = essentialPrograms();
  if (essential === undefined) return undefined;
  const before = (process.env.PATH ?? '').split(delimiter);
  const path = mkdtempSync(join(tmpdir(), 'gf-path-'));
  // Some programs are started as another user.
  chmodSync(path, 0o755);
  const declared = readHostPrograms().map(({ program }) => program);
  const found = ['npm', 'npx', ...declared].map((program) => findHostProgram(program, before));
  const programs = [process.execPath, ...essential, ...found.filter((file) => file !== undefined)];
  for (const [name, file] of new Map(programs.map((each) => [basename(each), each])))
    symlinkSync(file, join(path, name));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** The files of packages that dpkg never removes, and the names that Debian's alternatives give them. */
function essentialPrograms(): string[] | undefined {
  if (findHostProgram('dpkg-query') === undefined) return undefined;
  const query = (program: string, args: string[]): string[] =>
    execFileSync(program, args, { encoding: 'utf8' }).split('\n');
  const packages = query('dpkg-query', ['-W', '-f', `\${Package} \${Essential} \${Priority}\\n`])
    .filter((line) => / yes | required$/.test(line))
    .map((line) => line.split(' ')[0] ?? '');
  const files = query('dpkg', ['-L', ...packages]).filter((file) => BINARIES.test(file) && isThere(file));
  const own = new Set(files.map((file) => basename(file)));
  const others = readdirSync('/etc/alternatives')
    .map((name) => join('/usr/bin', name))
    .filter((file) => isThere(file) && own.has(basename(realpathSync(file))));
  return [...files, ...others];
}

function isThere(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
