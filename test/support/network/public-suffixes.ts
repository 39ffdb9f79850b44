import { createRequire } from 'node:module';
import { parse } from 'tldts';

/** How tldts keeps https://publicsuffix.org inside: edges of nodes, each with a label; no part of its interface, so only a test reads it. */
type Trie = {
  rulesRoot: number;
  edgeStart: ArrayLike<number>;
  edgeChild: ArrayLike<number>;
  edgeLength: ArrayLike<number>;
  labelText: string;
};

/** Names with a public suffix below them that are none themselves, such as `amazonaws.com` above `s3.amazonaws.com`; sorted. */
export function namesAboveSuffixes(): string[] {
  const trie = createRequire(import.meta.url)('tldts/dist/cjs/src/data/trie.js') as Trie;
  const offsets: number[] = [];
  let offset = 0;
  for (const length of Array.from(trie.edgeLength)) {
    offsets.push(offset);
    offset += length;
  }
  const names: string[] = [];
  const walk = (node: number, name: string): void => {
    const [from = 0, to = 0] = [trie.edgeStart[node], trie.edgeStart[node + 1]];
    const isSuffix = parse(name, { allowPrivateDomains: true }).publicSuffix === name;
    if (to > from && name.includes('.') && !isSuffix && /^[\x21-\x7e]+$/.test(name)) names.push(name);
    for (let edge = from; edge < to; edge += 1) {
      const start = offsets[edge] ?? 0;
      const label = trie.labelText.slice(start, start + (trie.edgeLength[edge] ?? 0));
      walk(trie.edgeChild[edge] ?? 0, name === '' ? label : `${label}.${name}`);
    }
  };
  walk(trie.rulesRoot, '');
  return names.toSorted();
}
