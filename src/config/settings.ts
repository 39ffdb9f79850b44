import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { FlowError, systemCode } from '../base/errors.ts';

/** Names with their texts: the process's environment over one file. */
export type Settings = Readonly<Record<string, string | undefined>>;

/** Where settings were found: the one file that was read, if any, and the directory that relative paths start at. */
export type SettingsOrigin = { file: string | undefined; directory: string };

/** This checkout. */
const CHECKOUT = resolve(import.meta.dirname, '../..');

/** Where a packaged service has its settings. */
const OF_THE_HOST = '/etc/github-flows/env';

/**
 * The file of settings, the first of: `GITHUB_FLOWS_CONFIG`, `.env` in `directory`, `.env` of the checkout,
 * `/etc/github-flows/env`. So a command finds the service's settings wherever it is started.
 */
export function findSettings(
  directory: string,
  named: string | undefined,
  places: { checkout: string; host: string } = { checkout: CHECKOUT, host: OF_THE_HOST },
): SettingsOrigin {
  if (named) {
    const file = resolve(directory, named);
    return { file, directory: dirname(file) };
  }
  const here = resolve(directory, '.env');
  if (existsSync(here)) return { file: here, directory };
  const ours = resolve(places.checkout, '.env');
  if (existsSync(ours)) return { file: ours, directory: places.checkout };
  if (existsSync(places.host)) return { file: places.host, directory: places.checkout };
  return { file: undefined, directory };
}

/** The environment over the file that was found; throws `env_file_unreadable`, also when a file that was named is not there. */
export function readSettings({ file }: SettingsOrigin): Settings {
  return { ...(file === undefined ? {} : parseEnv(readEnvFile(file))), ...process.env };
}

/** The text of a file of settings. Throws `env_file_unreadable`. */
export function readEnvFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = systemCode(error) ?? 'no reason given';
    const isAbsent = code === 'ENOENT';
    throw new FlowError({
      code: 'env_file_unreadable',
      blame: 'operator',
      message: isAbsent
        ? `GITHUB_FLOWS_CONFIG names ${file}, and there is no such file.`
        : `${file} is there but ${code === 'EISDIR' ? 'is a directory, no file of settings' : `cannot be read (${code})`}.`,
      hint:
        isAbsent || code === 'EISDIR'
          ? 'Name a file with settings in GITHUB_FLOWS_CONFIG, or unset it to have .env read.'
          : `Make it a file that the service's user may read: chmod 600 ${file}; chown "$(id -un)" ${file}.`,
      cause: error,
    });
  }
}
