import { RE2JS, RE2JSException } from 're2js';
import { FlowError } from '../../base/errors.ts';
import { quoted } from '../../base/text.ts';

const MAX_CHARACTERS = 2000;

/** Throws `app_pattern_invalid` unless `pattern` is an expression of RE2 with a group named `baseUrl`. */
export function checkUrlPattern(pattern: string): void {
  compile(pattern);
}

/**
 * The part of a repository's address that `pattern` calls `baseUrl`, with its scheme, or undefined when the pattern does
 * not let the repository in. It must match, whole and whatever the case, `<server>/<owner>/<name>`, the same with
 * `.git`, or an address above that ends where a name ends, so that `…/octo` is never `…/octo-evil`; each of them also
 * without its scheme, as in `github.com/octo`. RE2 does it in linear time. Throws `app_pattern_invalid`.
 */
export function baseUrlFor(pattern: string, serverUrl: string, repository: string): string | undefined {
  const expression = compile(pattern);
  const server = serverUrl.replace(/\/+$/, '');
  const scheme = server.slice(0, server.indexOf('://') + 3);
  const [owner = ''] = repository.split('/');
  const whole = [
    ...[`${server}/${repository}`, `${server}/${repository}.git`],
    ...[`${server}/${owner}/`, `${server}/${owner}`, `${server}/`, server],
  ];
  for (const address of [...whole, ...whole.map((each) => each.slice(scheme.length))]) {
    const matcher = expression.matcher(address);
    if (!matcher.matches()) continue;
    const group = matcher.group('baseUrl');
    if (!group) continue;
    const base = group.includes('://') ? group : `${scheme}${group}`;
    if (isAbove(base, `${server}/${repository}`)) return base;
  }
  return undefined;
}

/** A base on another host, one that ends inside of a name, or none at all, is not one that the repository lies below. */
function isAbove(base: string, repository: string): boolean {
  if (!URL.canParse(base)) return false;
  const [given, wanted] = [new URL(base), new URL(repository)];
  const above = given.pathname.toLowerCase().replace(/\/*$/, '/');
  const place = wanted.pathname.toLowerCase();
  const isWithin = `${place}/`.startsWith(above) || `${place}.git/` === above;
  return given.protocol === wanted.protocol && given.host === wanted.host && !given.username && isWithin;
}

function compile(pattern: string): RE2JS {
  if (pattern.length > MAX_CHARACTERS)
    throw patternInvalid(pattern, `is longer than ${MAX_CHARACTERS} characters`);
  let expression: RE2JS;
  try {
    expression = RE2JS.compile(pattern, RE2JS.CASE_INSENSITIVE);
  } catch (error) {
    const why = error instanceof RE2JSException ? error.message : String(error);
    throw patternInvalid(pattern, `is no expression of RE2 (${why.slice(0, 200)})`);
  }
  if (!Object.hasOwn(expression.namedGroups(), 'baseUrl'))
    throw patternInvalid(pattern, 'has no group named baseUrl');
  return expression;
}

function patternInvalid(pattern: string, what: string): FlowError {
  return new FlowError({
    code: 'app_pattern_invalid',
    blame: 'operator',
    message: `The URL pattern ${quoted(pattern)} ${what}.`,
    hint: 'Write one like (?<baseUrl>https://github\\.com/owner)/.*, without look-around and back references: https://github.com/google/re2/wiki/Syntax.',
  });
}
