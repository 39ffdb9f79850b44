import { variableMissing } from './errors.ts';

/** Where prompt variables come from: each root is a JSON value. */
export type PromptSources = Readonly<Record<'event' | 'attributes' | 'workspace' | 'run', unknown>>;

/** One prompt variable: a dotted path from a root (`event.issue.labels.0.name`), and what it is when nothing is there. */
type VariableSource = { name: string; path: string; required: boolean; default: string };

/**
 * The values of all variables, as texts. Throws `prompt_variable_missing` for a required one that is not exactly
 * one scalar. GitHub's own `null` on the way, for an empty text, a deleted fork or an account that is gone, is the
 * empty text, and `ghost` as a login, which GitHub shows in its place. An optional one takes its default instead.
 */
export function resolveVariables(
  variables: readonly VariableSource[],
  sources: PromptSources,
): Record<string, string> {
  return Object.fromEntries(variables.map((variable) => [variable.name, resolve(variable, sources)]));
}

/** https://docs.github.com/account-and-profile/setting-up-and-managing-your-personal-account-on-github/managing-your-personal-account/deleting-your-personal-account */
const GHOST = 'ghost';

/** Keys that GitHub sets to `null` once an account or a fork was deleted; another `null` on the way is a missing value. */
const GONE = /\.(?:user|sender|author|owner|repo)$/;

function resolve(variable: VariableSource, sources: PromptSources): string {
  const found = lookUp(sources, variable.path);
  if (['string', 'number', 'boolean'].includes(typeof found.value)) return String(found.value);
  if (!variable.required) return variable.default;
  if (found.value === null && variable.path.endsWith('.login')) return GHOST;
  if (found.value === null && (found.path === variable.path || GONE.test(found.path))) return '';
  throw variableMissing(variable, found.path, describe(found.value));
}

/** What a path leads to: the value at its end, or at the first place where it cannot go on. */
type Found = { path: string; value: unknown };

function lookUp(sources: PromptSources, path: string): Found {
  const keys = path.split('.');
  let value: unknown = sources;
  for (const [depth, key] of keys.entries()) {
    const next = ownValue(value, key);
    if (next === undefined) {
      const reached = keys.slice(0, depth).join('.');
      return value === null
        ? { path: reached, value }
        : { path: keys.slice(0, depth + 1).join('.'), value: undefined };
    }
    value = next;
  }
  return { path, value };
}

function ownValue(parent: unknown, key: string): unknown {
  if (Array.isArray(parent)) return /^(?:0|[1-9]\d*)$/.test(key) ? parent[Number(key)] : undefined;
  if (typeof parent !== 'object' || parent === null || !Object.hasOwn(parent, key)) return undefined;
  return (parent as Record<string, unknown>)[key];
}

function describe(value: unknown): string {
  if (value === undefined) return 'is absent';
  if (value === null) return 'is null';
  return `is ${Array.isArray(value) ? 'a list' : 'an object'}`;
}
