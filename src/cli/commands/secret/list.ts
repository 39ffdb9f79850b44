import { dirname, join, relative } from 'node:path';
import { asFlowError, type FlowError, IssuesError } from '../../../base/errors.ts';
import type { NamedSecrets, SecretPlace } from '../../../credentials/inject/named-secrets.ts';
import type { SecretStores } from '../../../credentials/secrets/secret-stores.ts';
import type { Io } from '../../terminal/io.ts';
import { printJson, printTable } from '../../terminal/output.ts';

type Row = {
  name: string;
  source: string;
  /** The folder of the profile whose own store has it. */
  profile: string | null;
  file: string | null;
  /** Whether an earlier place has a secret of this name. */
  hidden: boolean;
};

/**
 * Prints names and places: what one profile would get, or, without `path`, what is in every store. Throws
 * `secret_list_incomplete` when a store cannot be read; a table of what can is printed first.
 */
export async function listSecrets(
  io: Io,
  parts: {
    secretsDir: string;
    stores: SecretStores;
    named: NamedSecrets;
    path: string | undefined;
    json: boolean;
  },
): Promise<void> {
  const places = await parts.named.places(parts.path);
  const own = parts.path === undefined ? await readOwn(parts.secretsDir, parts.stores) : [];
  const rows = [...rowsOf(places, parts.path), ...own.flatMap(({ rows }) => rows)].toSorted((one, other) =>
    one.name < other.name ? -1 : 1,
  );
  const issues = [...places, ...own].flatMap(({ issue }) => issue ?? []);
  if (parts.json && issues.length > 0) throw listIncomplete(issues);
  if (parts.json) printJson(io, rows);
  else if (rows.length === 0 && issues.length === 0) io.out('No secrets.\n');
  else if (rows.length > 0) printTable(io, ['name', 'source', 'profile', 'hidden'], rows.map(cells));
  if (issues.length > 0) throw listIncomplete(issues);
}

function rowsOf(places: readonly SecretPlace[], path: string | undefined): Row[] {
  return places.flatMap(({ source, file, values }, at) =>
    [...values.keys()].map((name) => ({
      name,
      source,
      profile: source === 'profile' ? (path ?? null) : null,
      file: file ?? null,
      hidden: places.slice(0, at).some((earlier) => earlier.values.has(name)),
    })),
  );
}

/** The rows of each profile's own store, or why it does not open. */
async function readOwn(
  secretsDir: string,
  stores: SecretStores,
): Promise<{ rows: Row[]; issue: FlowError | undefined }[]> {
  const root = join(secretsDir, 'service/profiles');
  const own = stores.existing().filter(({ file }) => file.startsWith(`${root}/`));
  return await Promise.all(
    own.map(async ({ file, read }) => {
      const profile = relative(root, dirname(file)) || '.';
      try {
        const place = { source: 'profile' as const, file, values: await read(), issue: undefined };
        return { rows: rowsOf([place], profile), issue: undefined };
      } catch (error) {
        return { rows: [], issue: asFlowError(error) };
      }
    }),
  );
}

function listIncomplete(issues: readonly FlowError[]): IssuesError {
  return new IssuesError(
    {
      code: 'secret_list_incomplete',
      blame: 'operator',
      message: `${issues.length === 1 ? 'One store cannot' : `${issues.length} stores cannot`} be read, so the list lacks its secrets.`,
      hint: 'Fix or remove what is listed below, then list again.',
    },
    issues.map((issue) => issue.toProblem()),
  );
}

function cells({ name, source, profile, hidden }: Row): string[] {
  return [name, source, profile ?? '-', hidden ? 'yes' : '-'];
}
