import type { Issue, Problem } from '../../base/errors.ts';
import type { MountHost } from '../../mounts/mount.ts';
import { loadDenyList } from '../../mounts/rules/deny-list.ts';
import { NO_POLICY } from '../../policy/policy.ts';
import { collidingBranches } from '../branch-rules.ts';
import { createFilterCompiler } from '../match/filter.ts';
import type { Candidate, Profile, Runtime } from '../profile.ts';
import { type BuildTools, buildProfile, expandProfile } from './build.ts';
import { foldersAbove, type Line, linesOf, originOf } from './merge.ts';
import { findPrompt } from './prompt-file.ts';
import { type FragmentRead, readFragment } from './read-fragment.ts';
import { createSchemaCheck } from './schema.ts';
import { findFragments } from './tree.ts';
import type { FragmentChecks } from './validate.ts';
import { profileWarnings } from './warnings.ts';

/** What loading needs from other rooms: the host that mounts are checked against, and the check of a prompt template. */
export type LoadChecks = {
  mountHost: MountHost;
  checkPrompt: (template: string, names: readonly string[]) => readonly Problem[];
  /** The names that a variable's path may have after `workspace.` and `run.`. */
  promptNames: FragmentChecks['promptNames'];
  /** What is wrong with a list of hosts, by the index of each entry. */
  checkAllowList: (
    entries: readonly unknown[],
    privateHosts: readonly string[],
  ) => readonly (Problem & { index: number })[];
  /** The network of profiles without `runtime.network`; `open` unless set. */
  networkDefault?: Runtime['network'] & {};
};

/**
 * Everything below a profiles directory: the complete profiles by path, their candidates, the folders that are
 * only defaults with what they lack, every error, and the warnings about complete profiles. A set is to be
 * used only when there are no errors; warnings do not prevent that.
 */
export type LoadResult = {
  profiles: Profile[];
  candidates: Candidate[];
  defaults: { path: string; missing: string[] }[];
  issues: Issue[];
  warnings: Issue[];
};

/** How many files are read at once. */
const AT_ONCE = 32;

/** Reads, merges and checks all profiles below `dir`. Never throws for what is in the files: errors are part of the result. */
export async function loadProfiles(parts: { dir: string; checks: LoadChecks }): Promise<LoadResult> {
  const { dir, checks } = parts;
  const { places, issues } = await findFragments(dir);
  const schema = createSchemaCheck();
  const tools = createBuildTools(dir, checks);
  const { mountHost } = checks;
  const denyList = loadDenyList(mountHost);
  const { checkAllowList, checkPrompt, promptNames } = checks;
  const own = {
    mountHost,
    denyList,
    checkAllowList,
    checkPrompt,
    promptNames,
    compileFilter: createFilterCompiler(),
    policy: tools.policy,
  };
  const reads = await inBatches(places, (place) => readFragment(place, schema, own, tools));
  const foldersWhere = (test: (read: FragmentRead) => boolean): Set<string> =>
    new Set(places.filter((_, index) => test(reads[index] ?? { issues: [] })).map(({ folder }) => folder));
  const broken = foldersWhere(({ fragment }) => fragment === undefined);
  const invalid = foldersWhere((read) => read.issues.length > 0);
  const lines = linesOf(reads.flatMap(({ fragment }) => fragment ?? []));
  const built = await inBatches(
    lines.filter((line) => !onPath(folderOf(line), broken)),
    async (line) => ({ line, path: folderOf(line), ...(await buildProfile(line, tools)) }),
  );
  const profiles = built.flatMap((each) =>
    'profile' in each && !onPath(each.path, invalid) ? [each.profile] : [],
  );
  return {
    profiles,
    candidates: profiles.flatMap(expandProfile),
    defaults: built.flatMap((each) =>
      'missing' in each ? [{ path: each.path, missing: each.missing }] : [],
    ),
    issues: distinct([
      ...issues,
      ...reads.flatMap((read) => read.issues),
      ...built.flatMap((each) => ('issues' in each ? each.issues : [])),
      ...collidingBranches(
        built.flatMap((each) =>
          'profile' in each
            ? [{ file: originOf(each.line, ['publish', 'branch']), profile: each.profile }]
            : [],
        ),
      ),
    ]),
    warnings: distinct(
      built.flatMap((each) => ('profile' in each ? profileWarnings(each.line, each.profile) : [])),
    ),
  };
}

function folderOf(line: Line): string {
  return (line.at(-1) ?? line[0]).folder;
}

function onPath(folder: string, marked: ReadonlySet<string>): boolean {
  return [...foldersAbove(folder), folder].some((each) => marked.has(each));
}

/** Prompts are read once for each fragment that names one, and each template checked once for each set of names. */
function createBuildTools(dir: string, checks: LoadChecks): BuildTools {
  const prompts = new Map<string, ReturnType<typeof findPrompt>>();
  const problems = new Map<string, readonly Problem[]>();
  return {
    policy: checks.mountHost.policy?.() ?? NO_POLICY,
    agents: checks.mountHost.agents,
    networkDefault: checks.networkDefault ?? 'open',
    runAs: checks.mountHost.runAs,
    promptOf(file, ref) {
      const found = prompts.get(file) ?? findPrompt(dir, file, ref);
      prompts.set(file, found);
      return found;
    },
    checkPrompt(template, names) {
      const key = JSON.stringify([template, ...names]);
      const known = problems.get(key) ?? checks.checkPrompt(template, names);
      problems.set(key, known);
      return known;
    },
  };
}

async function inBatches<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let start = 0; start < items.length; start += AT_ONCE)
    results.push(...(await Promise.all(items.slice(start, start + AT_ONCE).map(work))));
  return results;
}

/** An error of a default reaches every profile below it; it is reported once. */
function distinct(issues: readonly Issue[]): Issue[] {
  return [...new Map(issues.map((issue) => [JSON.stringify(issue), issue])).values()];
}

/**
 * The folders that lack something and that nothing below makes whole: defaults of no profile, most likely a profile
 * that was not finished. The service runs without them, so only checks of profiles report them.
 */
export function incompleteProfiles({
  profiles,
  defaults,
}: Pick<LoadResult, 'profiles' | 'defaults'>): Issue[] {
  const isUsed = (path: string): boolean =>
    profiles.some((profile) => path === '.' || profile.path.startsWith(`${path}/`));
  return defaults.filter(({ path }) => !isUsed(path)).map(({ path, missing }) => incomplete(path, missing));
}

function incomplete(path: string, missing: readonly string[]): Issue {
  return {
    code: 'profile_incomplete',
    file: path === '.' ? 'profile.json' : `${path}/profile.json`,
    message: `The profile ${path} lacks ${missing.join(', ')}, and no profile below it has that, so no event can ever start it.`,
    hint: `Add ${missing.join(', ')}, there or in a folder above it; or remove it.`,
  };
}
