/** The name of an image, taken apart: the registry if it names one, the path with `library/` where Docker adds it, tag, digest. */
type ImageName = {
  domain: string | undefined;
  path: string;
  tag: string | undefined;
  digest: string | undefined;
};

/** Where Docker looks for names without a registry; its old name is the same. */
const DOCKER_HUB = ['docker.io', 'index.docker.io'];

/** Characters of a path; more is refused by every registry. */
const LONGEST_PATH = 255;

const HOST =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/;
const COMPONENT = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;

/** Hexadecimal digits of the digests that engines know. */
const DIGESTS: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };

/** Longer than any name with all its parts, so that no text makes the reading slow. */
const LONGEST_NAME = 1000;

/**
 * Reads the name of an image as engines do, by the grammar of https://github.com/distribution/reference; what is wrong
 * with it completes "the name …". Names that pass are answered by an engine, and never with a redirect.
 */
export function parseImageName(text: string): ImageName | { wrong: string } {
  if (text === '') return { wrong: 'is empty' };
  if (text.length > LONGEST_NAME) return { wrong: `is longer than ${LONGEST_NAME} characters` };
  if (/^[a-f0-9]{64}$/.test(text)) return { wrong: 'is the bare id of an image, which no registry knows' };
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !isDigest(digest))
    return { wrong: 'has a digest that is not like sha256: and 64 hexadecimal digits' };
  return parseTagged(at < 0 ? text : text.slice(0, at), digest);
}

function parseTagged(text: string, digest: string | undefined): ImageName | { wrong: string } {
  const colon = text.indexOf(':', text.lastIndexOf('/') + 1);
  const tag = colon < 0 ? undefined : text.slice(colon + 1);
  if (tag !== undefined && !TAG.test(tag))
    return { wrong: 'has a tag that is not made of 1 to 128 letters, digits, `_`, `.` and `-`' };
  const { domain, path } = splitDomain(colon < 0 ? text : text.slice(0, colon));
  const wrong = domainIssue(domain) ?? pathIssue(path);
  return wrong === undefined ? { domain, path, tag, digest } : { wrong };
}

/** What stands before the first slash is a registry only if it looks like one. Newer engines take upper case for a sign of it; Docker 20.10 refuses such a name, and so does this. */
function splitDomain(name: string): { domain: string | undefined; path: string } {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(0, slash));
  const isDomain = /[.:[]/.test(first) || first === 'localhost';
  const path = isDomain ? name.slice(slash + 1) : name;
  const isHub = !isDomain || DOCKER_HUB.includes(first);
  return {
    domain: isDomain ? first : undefined,
    path: isHub && !path.includes('/') ? `library/${path}` : path,
  };
}

function domainIssue(domain: string | undefined): string | undefined {
  if (domain === undefined || HOST.test(domain)) return undefined;
  return 'begins with a registry that is not written as host or host:port';
}

function pathIssue(path: string): string | undefined {
  if (path.length > LONGEST_PATH) return `has a path of more than ${LONGEST_PATH} characters`;
  if (path !== path.toLowerCase()) return 'has upper-case letters, which only a registry and a tag may have';
  if (path.split('/').every((part) => COMPONENT.test(part))) return undefined;
  return 'has a part that is empty, or not made of lower-case letters and digits with single `.` or `_`, `__` or `-` between them';
}

function isDigest(text: string): boolean {
  const [algorithm = '', hex = '', ...more] = text.split(':');
  const digits = Object.hasOwn(DIGESTS, algorithm) ? DIGESTS[algorithm] : undefined;
  return more.length === 0 && hex.length === digits && /^[a-f0-9]+$/.test(hex);
}

/** What is wrong with the name of an image, or undefined; completes "the name …". */
export function imageNameIssue(text: string): string | undefined {
  const read = parseImageName(text);
  return 'wrong' in read ? read.wrong : undefined;
}
