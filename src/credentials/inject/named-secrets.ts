import { LRUCache } from 'lru-cache';
import { asFlowError, FlowError } from '../../base/errors.ts';
import { Secret } from '../../base/secret.ts';
import { nearMiss } from '../../base/words.ts';
import type { Logger } from '../../log/logger.ts';
import { checkSecretName, checkSecretValue, SSH_KEY, SSH_KNOWN_HOSTS } from '../secrets/secret-rules.ts';
import type { SecretStore } from '../secrets/secret-store.ts';
import type { SecretStores } from '../secrets/secret-stores.ts';
import { normalKnownHosts, normalSshKey } from '../secrets/ssh.ts';
import { type Copy, valueCopy } from './copy-credential.ts';

/** Where a named secret may come from. */
export type SecretSource = 'profile' | 'global' | 'environment';

/** A secret that was found, and the place that had it. */
type NamedSecret = { name: string; value: Secret; source: SecretSource };

/** One place that was looked at: what it has, or why it does not count; `file` is undefined for the environment. */
export type SecretPlace = {
  source: SecretSource;
  file: string | undefined;
  values: ReadonlyMap<string, string>;
  issue: FlowError | undefined;
};

/** Looks named secrets up, each time anew. */
export type NamedSecrets = {
  /** The places of a profile (undefined: of none) in the configured order; a store that cannot be opened is left out and reported to `drop`. */
  places(profilePath: string | undefined): Promise<SecretPlace[]>;
  /**
   * The secrets of these names, each from the first place that has it, fit for a run. Throws `secret_missing`, which
   * names them all, `secret_name_invalid`, and the codes of `checkSecretValue`.
   */
  resolve(profilePath: string, names: readonly string[]): Promise<NamedSecret[]>;
};

/** What in the environment stands before a secret's name; no option of the service begins so. */
const PREFIX = 'GITHUB_FLOWS_SECRET_';

/** Named secrets of these stores and this environment; `drop` is called for each store that is left out. */
export function createNamedSecrets(parts: {
  stores: SecretStores;
  order: readonly SecretSource[];
  /** Whose names no secret may have. */
  agents: readonly { name: string }[];
  environment: Readonly<Record<string, string | undefined>>;
  drop: (issue: FlowError) => void;
}): NamedSecrets {
  const { stores, order, agents, environment, drop } = parts;

  const look = async (source: SecretSource, profilePath: string | undefined): Promise<SecretPlace[]> => {
    if (source === 'environment')
      return [{ source, file: undefined, values: fromEnvironment(environment), issue: undefined }];
    if (source === 'global') return [await open(source, stores.global(), drop)];
    return profilePath === undefined ? [] : [await open(source, stores.profile(profilePath), drop)];
  };
  const places = async (profilePath: string | undefined): Promise<SecretPlace[]> =>
    (await Promise.all(order.map((source) => look(source, profilePath)))).flat();

  return {
    places,
    async resolve(profilePath, names) {
      if (names.length === 0) return [];
      for (const name of names) checkSecretName(name, agents);
      const looked = await places(profilePath);
      const found = names.map((name) => ({ name, place: looked.find(({ values }) => values.has(name)) }));
      const missing = found.filter(({ place }) => !place).map(({ name }) => name);
      if (missing.length > 0) throw secretMissing(missing, profilePath, looked);
      return found.flatMap(({ name, place }) => (place ? [taken(name, place)] : []));
    },
  };
}

const MAX_LOGGED = 1_000;

/** A `drop` of `createNamedSecrets` that logs each store and cause once. */
export function warnOfDropped(log: Logger): (issue: FlowError) => void {
  const logged = new LRUCache<string, true>({ max: MAX_LOGGED });
  return (issue) => {
    const key = `${issue.code} ${issue.message}`;
    if (!logged.has(key)) log.warn(issue.toProblem(), 'secret store does not count until it is fixed');
    logged.set(key, true);
  };
}

/** A secret as a run gets it; what ssh reads is brought into the form that it takes. */
export function secretCopy({ name, value }: NamedSecret): Copy {
  if (name === SSH_KEY) return valueCopy(name, new Secret(normalSshKey(value.reveal())));
  if (name === SSH_KNOWN_HOSTS) return valueCopy(name, new Secret(normalKnownHosts(value.reveal())));
  return valueCopy(name, value);
}

async function open(
  source: SecretSource,
  store: SecretStore,
  drop: (issue: FlowError) => void,
): Promise<SecretPlace> {
  try {
    return { source, file: store.file, values: await store.read(), issue: undefined };
  } catch (error) {
    const issue = asFlowError(error);
    drop(issue);
    return { source, file: store.file, values: new Map(), issue };
  }
}

function fromEnvironment(environment: Readonly<Record<string, string | undefined>>): Map<string, string> {
  return new Map(
    Object.entries(environment).flatMap(([key, value]) =>
      key.startsWith(PREFIX) && value ? [[key.slice(PREFIX.length), value] as const] : [],
    ),
  );
}

function taken(name: string, { source, values }: SecretPlace): NamedSecret {
  const value = values.get(name) ?? '';
  checkSecretValue(name, value);
  return { name, value: new Secret(value), source };
}

/** No place has these names. */
export function secretMissing(
  names: readonly string[],
  profilePath: string | undefined,
  looked: readonly SecretPlace[],
): FlowError {
  const which = names.length === 1 ? `The secret ${names[0]} is` : `The secrets ${names.join(', ')} are`;
  const where = looked.map((place) => placeWords(place, names[0] ?? '')).join('; ');
  const flag = profilePath === undefined ? '' : ` (with \`--profile ${profilePath}\` for this profile alone)`;
  const near = nearMiss(
    names[0] ?? '',
    looked.flatMap(({ values }) => [...values.keys()]),
  );
  const issues = looked.flatMap(({ issue }) => (issue ? [`${issue.hint} [${issue.code}]`] : []));
  return new FlowError({
    code: 'secret_missing',
    blame: 'operator',
    message: `${which} nowhere. Looked at: ${where || 'nothing, for SECRETS_ORDER leaves every place out'}.`,
    hint: [
      ...(near === undefined ? [] : [`Did you mean ${near}, which is stored?`]),
      `Set it with \`github-flows secret set ${names[0]}\`${flag}.`,
      ...issues,
    ].join(' '),
  });
}

function placeWords({ source, file, issue }: SecretPlace, name: string): string {
  if (source === 'environment') return `the variable ${PREFIX}${name}`;
  const words = `the ${source === 'profile' ? "profile's own" : 'global'} store ${file}`;
  return issue ? `${words}, which does not count: ${issue.message.replace(/\.$/, '')}` : words;
}
