import { globSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Files below the directories that hold one of the named values, plain or in base64, and which. */
export function findSecrets(
  secrets: Readonly<Record<string, string>>,
  dirs: readonly string[],
): { file: string; name: string }[] {
  return dirs.flatMap((dir) =>
    globSync('**/{*,.*}', { cwd: dir }).flatMap((path) => {
      const file = join(dir, path);
      const content = read(file);
      return Object.entries(secrets)
        .filter(([, value]) =>
          [value, Buffer.from(value).toString('base64')].some((form) => content.includes(form)),
        )
        .map(([name]) => ({ file, name }));
    }),
  );
}

/** Every command line and environment on this machine that may be read. */
export function processesNow(): string {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => [read(`/proc/${pid}/cmdline`), read(`/proc/${pid}/environ`)])
    .join('\n');
}

/** A file that is gone, or is none, holds nothing. */
function read(file: string): string {
  try {
    return statSync(file).isFile() ? readFileSync(file, 'latin1') : '';
  } catch {
    return '';
  }
}
