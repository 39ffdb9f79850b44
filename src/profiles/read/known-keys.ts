import { jsonPointer } from '../../base/json.ts';
import { nearest } from '../../base/words.ts';
import { otherWord } from './meant.ts';

/** The keywords of a JSON Schema that keys can be found under. */
export type KeySchema = {
  properties?: Record<string, KeySchema>;
  $ref?: string;
  $defs?: Record<string, KeySchema>;
  then?: KeySchema;
  else?: KeySchema;
};

/** What is said of a key that is not known where it stands: the key that was probably meant. */
export type KeyAdvice = (unknown: string, siblings: readonly string[]) => string;

/** Knows every key of `schema` with its place: a key that is right but stands elsewhere is told its place, any other the nearest name. */
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
