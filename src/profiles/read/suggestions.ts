import { jsonPointer } from '../../base/json.ts';
import { nearest } from '../../base/words.ts';
import { tokenIn } from '../../log/token-shapes.ts';

/** The keywords of a JSON Schema that keys can be found under. */
export type KeySchema = {
  properties?: Record<string, KeySchema>;
  $ref?: string;
  $defs?: Record<string, KeySchema>;
  then?: KeySchema;
  else?: KeySchema;
};

/** Completes a message about a key that is unknown at its place: the key that was probably meant. */
export type KeyAdvice = (unknown: string, siblings: readonly string[]) => string;

/** Knows every key of `schema` with its place. For a key that belongs elsewhere it gives that place, for any other the nearest name. */
export function createKeyAdvice(schema: KeySchema): KeyAdvice {
  const places = new Map<string, string[]>();
  collect(schema, schema, [], places);
  return (unknown, siblings) => {
    const meant = otherWord(unknown, siblings);
    if (meant !== undefined) return `the nearest known key is \`${meant}\``;
    const elsewhere = places.get(unknown);
    if (elsewhere) return `it belongs at ${elsewhere.join(' or ')}`;
    return `the nearest known key is \`${nearest(unknown, siblings)}\``;
  };
}

function collect(root: KeySchema, schema: KeySchema, path: string[], places: Map<string, string[]>): void {
  const here = schema.$ref ? root.$defs?.[schema.$ref.replace('#/$defs/', '')] : schema;
  if (!here) return;
  for (const branch of [here.then, here.else]) if (branch) collect(root, branch, path, places);
  for (const [key, child] of Object.entries(here.properties ?? {})) {
    const place = [...path, key];
    places.set(key, [...(places.get(key) ?? []), jsonPointer(...place)]);
    collect(root, child, place, places);
  }
}

/** Words of other tools, and what they are called here; used where the second is a known name. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  on: 'trigger',
  mounts: 'dockerArgs',
  volumes: 'dockerArgs',
  users: 'actors',
  variable: 'env',
  hosts: 'allow',
  promptVars: 'promptVariables',
  variables: 'promptVariables',
  vars: 'promptVariables',
  ports: 'network',
  secretEnv: 'env',
  name: 'description',
  'cancel-in-progress': 'onBusy',
  cancel: 'replace',
  pr: 'pull-request',
  push: 'write',
  bridge: 'open',
  host: 'open',
  head: 'pull-request-head',
  failed: 'failure',
  rw: 'write',
};

/** The known name for a word of another tool, if there is one. */
export function otherWord(word: string, known: readonly string[]): string | undefined {
  const name = Object.hasOwn(OTHER_WORDS, word) ? OTHER_WORDS[word] : undefined;
  return name !== undefined && known.includes(name) ? name : undefined;
}

/** Where a pattern refuses a text: the text that was probably meant, by the place in the profile. */
export function meantText(path: string, text: unknown): string | undefined {
  if (typeof text !== 'string' || text.length > 200 || tokenIn(text) !== undefined) return undefined;
  if (path.startsWith('/credentials/secrets/') || path === '/credentials/github/app') return asName(text);
  if (path.startsWith('/execution/handler/promptVariables/')) return asPath(text);
  if (path.startsWith('/allow/actors/'))
    return /^@?[A-Za-z0-9-]+$/.test(text) ? text.replace('@', '') : undefined;
  if (path.startsWith('/allow/teams/'))
    return /^@?[\w-]+$/.test(text)
      ? `your-org/${text.replace('@', '').toLowerCase()}`
      : text.replace(/^@/, '');
  return undefined;
}

function asName(text: string): string | undefined {
  const name = text
    .replaceAll(/[^A-Za-z0-9_]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .toUpperCase();
  return /^[A-Z_]/.test(name) ? name : undefined;
}

/** `{{event.issue.title}}`, `$event.issue.title`, `github.event.issue.title` and `issue.title` all mean one place. */
function asPath(text: string): string | undefined {
  const bare = text.replaceAll(/[${}\s]/g, '').replace(/^github\./, '');
  if (!/^\w+(\.\w+)*$/.test(bare)) return undefined;
  return /^(event|attributes|workspace|run)\./.test(bare) ? bare : `event.${bare}`;
}
