import { dirname, join, relative } from 'node:path';
import { asFlowError } from '../base/errors.ts';
import type { NamedSecrets, SecretPlace } from '../credentials/named-secrets.ts';
import type { SecretStores } from '../credentials/secret-stores.ts';
import type { Io } from './io.ts';
import { printJson, printTable, problemText } from './output.ts';

type Row = {
  name: string;
  source: string;
  /** The folder of the profile whose own store has it. */
  profile: string | null;
  file: string | null;
  /** Whether another place that is looked at earlier has a secret of this name. */
  hidden: boolean;
};

/** Prints names and places: what one profile would get, or, without `path`, what is in every store. */
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
  const common = rowsOf(await parts.named.places(parts.path), parts.path);
  const own = parts.path === undefined ? await profileRows(io, parts.secretsDir, parts.stores) : [];
  const rows = [...common, ...own].toSorted((one, other) => (one.name < other.name ? -1 : 1));
  if (parts.json) printJson(io, rows);
  else if (rows.length === 0) io.out('There is no secret.\n');
  else printTable(io, ['name', 'source', 'profile', 'hidden'], rows.map(cells));
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

async function profileRows(io: Io, secretsDir: string, stores: SecretStores): Promise<Row[]> {
  const root = join(secretsDir, 'service/profiles');
  const own = stores.existing().filter(({ file }) => file.startsWith(`${root}/`));
  const rows = await Promise.all(
    own.map(async ({ file, read }) => {
      const profile = relative(root, dirname(file)) || '.';
      try {
        const place = { source: 'profile' as const, file, values: await read(), fault: undefined };
        return rowsOf([place], profile);
      } catch (error) {
        io.err(problemText(asFlowError(error).toProblem()));
        return [];
      }
    }),
  );
  return rows.flat();
}

function cells({ name, source, profile, hidden }: Row): string[] {
  return [name, source, profile ?? '-', hidden ? 'yes' : '-'];
}
