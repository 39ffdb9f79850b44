import type { ImageRule } from './policy.ts';

/** An image on the engine: its id, and every name it has there, with tag or digest. */
export type KnownImage = { id: string; names: readonly string[] };

/**
 * Whether one of the rules allows the image of this name. While `known` is undefined the image was not looked up on the
 * engine, and a rule with digests matches unless the name has another digest. A name that the engine only takes
 * for the beginning of an id is no name, and no rule allows it.
 */
export function allowsImage(
  rules: readonly ImageRule[],
  image: string,
  known: KnownImage | undefined,
): boolean {
  const requested = splitImage(image);
  if (known && !known.names.some((name) => isSameImage(splitImage(name), requested))) return false;
  return rules.some((rule) => matchesName(rule.name, requested) && hasDigest(rule, requested, known));
}

type ImageName = { repository: string; tag: string | undefined; digest: string | undefined };

/** Docker reads `name:tag@digest` as `name@digest`, so the tag of such a name is ignored. */
function splitImage(text: string): ImageName {
  const [name = '', digest] = text.split('@');
  const colon = name.lastIndexOf(':');
  const tagged = colon > name.lastIndexOf('/');
  const repository = (tagged ? name.slice(0, colon) : name).replace(/^(index\.)?docker\.io\//, '');
  const tag = tagged ? name.slice(colon + 1) : 'latest';
  return {
    repository: repository.replace(/^library\//, ''),
    tag: digest === undefined ? tag : undefined,
    digest,
  };
}

function isSameImage(one: ImageName, other: ImageName): boolean {
  return one.repository === other.repository && one.tag === other.tag && one.digest === other.digest;
}

function matchesName(pattern: string, { repository, tag }: ImageName): boolean {
  const wanted = splitImage(pattern);
  const isTagged = pattern.lastIndexOf(':') > pattern.lastIndexOf('/');
  if (!matchesWord(wanted.repository, repository)) return false;
  return !isTagged || wanted.tag === '*' || (tag !== undefined && matchesWord(wanted.tag ?? '', tag));
}

/** `*` stands for anything but a slash. The pattern is tried part by part, so that no text makes it slow. */
function matchesWord(pattern: string, word: string): boolean {
  const patterns = pattern.split('/');
  const names = word.split('/');
  return patterns.length === names.length && patterns.every((part, at) => matchesPart(part, names[at] ?? ''));
}

function matchesPart(pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return pattern === name;
  if (!name.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.length - last.length >= at && name.endsWith(last);
}

function hasDigest({ digests }: ImageRule, { digest }: ImageName, known: KnownImage | undefined): boolean {
  if (!digests) return true;
  if (digest !== undefined && !known) return digests.includes(digest);
  if (!known) return true;
  const own = [known.id, ...known.names.map((name) => splitImage(name).digest)];
  return digests.some((each) => own.includes(each));
}
