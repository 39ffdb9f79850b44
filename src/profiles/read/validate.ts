import type { Issue, Problem } from '../../base/errors.ts';
import { jsonPointer } from '../../base/json.ts';
import { nearest } from '../../base/words.ts';
import { ATTRIBUTES } from '../../events/event.ts';
import { parseDockerArgs } from '../../mounts/flags/docker-args.ts';
import { checkEnvName } from '../../mounts/flags/env-names.ts';
import { refuseSecret } from '../../mounts/flags/flag-text.ts';
import type { MountHost } from '../../mounts/mount.ts';
import { checkMounts } from '../../mounts/rules/check.ts';
import type { DenyList } from '../../mounts/rules/deny-list.ts';
import type { Policy } from '../../policy/policy.ts';
import { TEXT_NAMES, type TextName } from '../../text/report-names.ts';
import { refIssue } from '../branch-rules.ts';
import { pathUnknown, show, variableTwice, wrongValue } from '../errors.ts';
import { checkGroup } from '../group-key.ts';
import type { FilterCompiler } from '../match/filter.ts';
import { secretProblems, tokenVariableProblems } from '../named-secrets.ts';
import type { ReportRule } from '../profile.ts';
import { publishIssues } from '../publish.ts';
import {
  bothLists,
  type Fragment,
  type FragmentSettings,
  type RuntimeSetting,
  type WrittenVariables,
} from './fragment.ts';
import { keysAsFlags, readSize, SIZE_KEYS } from './runtime.ts';

/** What the checks of a fragment need from outside. */
export type FragmentChecks = {
  mountHost: MountHost;
  denyList: DenyList;
  compileFilter: FilterCompiler;
  policy: Policy;
  checkPrompt: (template: string, names: readonly string[]) => readonly Problem[];
  promptNames: Readonly<Record<'workspace' | 'run', readonly string[]>>;
  checkAllowList: (
    entries: readonly unknown[],
    privateHosts: readonly string[],
  ) => readonly (Problem & { index: number })[];
};

/** Every error that one fragment holds by itself, beyond its schema: filter, variables, flags, mounts, environment. */
export function checkFragment(fragment: Fragment, written: unknown, checks: FragmentChecks): Issue[] {
  const { trigger, execution } = fragment.settings;
  const at = (path: string, problem: Problem): Issue => ({
    code: problem.code,
    file: fragment.file,
    path,
    message: problem.message,
    hint: problem.hint,
  });
  const filter = trigger?.filter === undefined ? undefined : checks.compileFilter(trigger.filter);
  return [
    ...(filter && 'code' in filter ? [at('/trigger/filter', filter)] : []),
    ...variableIssues(fragment.file, writtenVariables(written), checks.promptNames),
    ...runtimeIssues(execution?.runtime ?? {}, { ...checks, file: fragment.file }, at),
    ...secretIssues(execution ?? {}, at),
    ...checkGroup(fragment.settings.concurrency?.group ?? '').map((problem) =>
      at('/concurrency/group', problem),
    ),
    ...tokenVariableProblems(fragment.settings.credentials).map((problem) =>
      at(jsonPointer('credentials', 'github', 'env'), problem),
    ),
    ...secretProblems(fragment.settings.credentials?.secrets).map((problem) =>
      at(jsonPointer('credentials', 'secrets', problem.index), problem),
    ),
    ...templateIssues(fragment.file, fragment.settings.report?.templates, checks.checkPrompt),
    ...refIssues(fragment),
    ...publishIssues(fragment.file, fragment.settings.publish, checks.checkPrompt),
  ];
}

function refIssues({ file, settings }: Fragment): Issue[] {
  const ref = settings.checkout?.ref;
  const issue = ref === undefined ? undefined : refIssue(file, ref);
  return issue ? [issue] : [];
}

type At = (path: string, problem: Problem) => Issue;

function runtimeIssues(runtime: RuntimeSetting, checks: FragmentChecks & { file: string }, at: At): Issue[] {
  const place = (...key: (string | number)[]): string => jsonPointer('execution', 'runtime', ...key);
  const args = runtime.dockerArgs ?? [];
  const { parsed, problems } = parseDockerArgs(args, checks.policy);
  const checked = checkMounts(parsed.mounts, checks.mountHost, checks.denyList);
  return [
    ...Object.keys(runtime.env ?? {}).flatMap((name) => {
      const problem = checkEnvName(name);
      return problem ? [at(place('env', name), problem)] : [];
    }),
    ...keysAsFlags(runtime).flatMap(({ key, flag }) =>
      parseDockerArgs([flag], checks.policy).problems.map((problem) => at(place(key), problem)),
    ),
    ...SIZE_KEYS.filter((key) => runtime[key] !== undefined && readSize(runtime[key]) === undefined).map(
      (key) => wrongSize(checks.file, place(key), runtime[key]),
    ),
    ...listProblems(runtime.network, checks).map((problem) =>
      at(place('network', 'allow', problem.index), problem),
    ),
    ...problems.map((problem) => at(place('dockerArgs', problem.index), problem)),
    ...checked.problems.map((problem) =>
      at(place('dockerArgs', ...indexOf(args, problem.asWritten)), problem),
    ),
  ];
}

/** What is wrong with the hosts that a run may reach. */
function listProblems(network: RuntimeSetting['network'], { checkAllowList, policy }: FragmentChecks) {
  return typeof network === 'object' ? checkAllowList(network.allow, policy.privateHosts) : [];
}

/** What looks like a token, in every text of a profile that reaches the container; flags are looked at as they are read. */
function secretIssues({ handler, runtime }: NonNullable<FragmentSettings['execution']>, at: At): Issue[] {
  const texts: [place: string, text: unknown][] = [
    ...(handler?.command ?? []).map((text, index) => texted('handler', ['command', index], text)),
    ...(handler?.args ?? []).map((text, index) => texted('handler', ['args', index], text)),
    ...Object.keys(runtime?.env ?? {}).map((name) => texted('runtime', ['env'], name)),
    ...Object.entries(runtime?.env ?? {}).map(([name, text]) => texted('runtime', ['env', name], text)),
    ...(runtime?.setupScript === undefined ? [] : [texted('runtime', ['setupScript'], runtime.setupScript)]),
  ];
  return texts.flatMap(([place, text]) => {
    if (typeof text !== 'string') return [];
    const problem = refuseSecret(place, text);
    return problem ? [at(place, problem)] : [];
  });
}

function texted(part: string, key: (string | number)[], text: unknown): [string, unknown] {
  return [jsonPointer('execution', part, ...key), text];
}

function wrongSize(file: string, path: string, value: string | number | undefined): Issue {
  return wrongValue(
    file,
    path,
    `is ${show(value)}, which is no size of at least 1 MiB`,
    'a size such as "512m" or "10g", or a whole number of bytes',
  );
}

/** Where a flag begins that was written as `text`: one word, or two. */
function indexOf(args: readonly string[], text: string): number[] {
  const index = args.findIndex((arg, at) => arg === text || `${arg} ${args[at + 1]}` === text);
  return index < 0 ? [] : [index];
}

/** The attributes, and what only prompts have beside them. */
const PROMPT_ATTRIBUTES = [...ATTRIBUTES, 'commandArgs'];

const VARIABLES = ['execution', 'handler', 'promptVariables'] as const;

function variableIssues(
  file: string,
  written: WrittenVariables | undefined,
  promptNames: FragmentChecks['promptNames'],
): Issue[] {
  if (!written) return [];
  const { required, optional, flat } = bothLists(written);
  const twice = Object.keys(optional).filter((name) => Object.hasOwn(required, name));
  const paths = [
    ...Object.entries(required).map(([name, path]) => ({ at: flat ? [name] : ['required', name], path })),
    ...Object.entries(optional).map(([name, { path }]) => ({ at: ['optional', name, 'path'], path })),
  ];
  return [
    ...twice.map((name) => variableTwice(file, jsonPointer(...VARIABLES, 'optional', name), name)),
    ...paths.flatMap(({ at, path }) => {
      const near = nearestPath(path, { ...promptNames, attributes: PROMPT_ATTRIBUTES });
      return near === undefined ? [] : [pathUnknown(file, jsonPointer(...VARIABLES, ...at), path, near)];
    }),
  ];
}

function writtenVariables(written: unknown): WrittenVariables | undefined {
  const { execution } = written as { execution?: { handler?: { promptVariables?: WrittenVariables } } };
  return execution?.handler?.promptVariables;
}

/** The path that was probably meant, when nothing can ever be at this one; `names` are those of the roots that have fixed ones. */
function nearestPath(path: string, names: Readonly<Record<string, readonly string[]>>): string | undefined {
  const [root = ''] = path.split('.', 1);
  const known = Object.hasOwn(names, root) ? names[root] : undefined;
  const name = path.slice(root.length + 1);
  return known === undefined || known.includes(name) ? undefined : `${root}.${nearest(name, known)}`;
}

/** What is wrong with a profile's own texts: Handlebars that cannot be read, and names that the text does not have. */
export function templateIssues(
  file: string,
  templates: ReportRule['templates'],
  checkPrompt: (template: string, names: readonly string[]) => readonly Problem[],
): Issue[] {
  return Object.entries(templates ?? {}).flatMap(([name, text]) => {
    const names = TEXT_NAMES[name as TextName];
    return checkPrompt(text, names).map((problem) => ({
      code: 'report_template_invalid',
      file,
      path: jsonPointer('report', 'templates', name),
      message: `The text report.templates.${name} in ${file} cannot be used: ${problem.message}`,
      hint: `Correct it; the names that it may use are ${names.join(', ')}.`,
    }));
  });
}
