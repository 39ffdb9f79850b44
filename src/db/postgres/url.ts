import { FlowError } from '../../base/errors.ts';

/** What DATABASE_URL is to the driver, to people, and to the redactor. */
export type PostgresPlace = {
  url: string;
  /** The address without password and parameters: safe to print. */
  name: string;
};

/** Reads an address as `DATABASE_URL` holds it. Throws `database_url_invalid`, which never repeats the address. */
export function readPostgresUrl(url: string): PostgresPlace {
  const parsed = parse(url);
  if (!parsed || !/^postgres(?:ql)?:$/.test(parsed.protocol)) throw databaseUrlInvalid();
  const user = parsed.username === '' ? '' : `${parsed.username}@`;
  const host = parsed.host === NO_HOST ? (parsed.searchParams.get('host') ?? '') : parsed.host;
  return { url, name: `postgres://${user}${host}${parsed.pathname}` };
}

/** Every form in which the password of an address could be printed. */
export function postgresPasswords(url: string): string[] {
  const parsed = parse(url);
  if (!parsed) return [];
  const written = [parsed.password, parsed.searchParams.get('password') ?? ''].filter(Boolean);
  return [...new Set(written.flatMap((password) => [password, decoded(password)]))];
}

/** Stands in for a host that an address leaves out, where the URL standard does not let user names be. */
const NO_HOST = 'no-host.invalid';

function parse(url: string): URL | undefined {
  const complete = url.replace(/^(postgres(?:ql)?:\/\/(?:[^/?#@]*@)?)(?=[/?#]|$)/, `$1${NO_HOST}`);
  return URL.canParse(complete) ? new URL(complete) : undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function databaseUrlInvalid(): FlowError {
  return new FlowError({
    code: 'database_url_invalid',
    blame: 'operator',
    message:
      'DATABASE_URL is not the address of a PostgreSQL database. (It is not repeated here, as it may hold a password.)',
    hint: 'Write postgres://user:password@host:5432/database, with special characters of the password percent-encoded; remove DATABASE_URL to use the SQLite file in VAR_DIR.',
  });
}
