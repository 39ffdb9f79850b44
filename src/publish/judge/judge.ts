import type { Problem } from '../../base/errors.ts';
import { quoted } from '../../base/text.ts';
import { counted } from '../../base/words.ts';
import { type Change, type ChangeSet, LINK_MODE, SUBMODULE_MODE } from './changes.ts';
import { changePattern, foldersOf, foldPath } from './path-pattern.ts';

/** What a publication may hold; each limit counts over all commits together, not only over where they end. */
export type PublishLimits = {
  files: number;
  /** Of all new contents. */
  bytes: number;
  /** Of one binary file. */
  binaryBytes: number;
  /** Patterns of paths; when there are any, every changed path must fit one. */
  allow: readonly string[];
  /** Patterns of paths that may not change. */
  deny: readonly string[];
  /** Whether files below `.github/workflows` may change. */
  workflows: boolean;
  /** Whether pointers of Git LFS may be published whose content only the agent itself can have brought there; false where absent. */
  lfs?: boolean;
};

/** GitHub runs what lies here with the repository's own secrets. */
const WORKFLOWS = '.github/workflows/**';

/** How many examples a message names. */
const MAX_EXAMPLES = 5;

/** Every limit that the changes break, each once, with the paths that break it; empty when they may be published. */
export function judgeChanges(set: ChangeSet, limits: PublishLimits): Problem[] {
  return [
    ...baseProblems(set),
    ...countProblems(set, limits),
    ...pathProblems(set.changes, limits),
    ...contentProblems(set, limits),
    ...largeFileProblems(set, limits),
  ];
}

function baseProblems({ isOnBase }: ChangeSet): Problem[] {
  if (isOnBase) return [];
  return [
    {
      code: 'publish_base_rewritten',
      message:
        'The commits do not stand on the commit that the run began with: the agent has rewritten history.',
      hint: 'Tell the agent in its prompt to add commits only, never to amend, rebase or reset what was there.',
    },
  ];
}

function countProblems({ changes, contents }: ChangeSet, limits: PublishLimits): Problem[] {
  const problems: Problem[] = [];
  const files = new Set(changes.map(({ path }) => path)).size;
  if (files > limits.files)
    problems.push({
      code: 'publish_too_many_files',
      message: `The commits change ${counted(files, 'file')}, and publish.limits.files is ${limits.files}.`,
      hint: 'Raise publish.limits.files in the profile if that many are wanted, or ask the agent for less at once.',
    });
  const bytes = [...contents.values()].reduce((sum, content) => sum + content.bytes, 0);
  if (bytes > limits.bytes)
    problems.push({
      code: 'publish_too_many_bytes',
      message: `The commits bring ${counted(bytes, 'byte')} of new contents, and publish.limits.bytes is ${limits.bytes}.`,
      hint: 'Raise publish.limits.bytes in the profile if that much is wanted, and keep build results out of commits (.gitignore).',
    });
  return problems;
}

function pathProblems(changes: readonly Change[], limits: PublishLimits): Problem[] {
  const patterns = [...limits.deny, ...(limits.workflows ? [] : [WORKFLOWS])];
  const denied = patterns.map((text) => changePattern(text, true));
  const folders = patterns.flatMap(foldersOf).map((text) => changePattern(text, true));
  const allowed = limits.allow.map((text) => changePattern(text, false));
  // A link in the place of a folder brings other contents to the paths below it.
  const isDenied = ({ path, mode }: Change): boolean =>
    denied.some((fits) => fits(path)) || (mode === LINK_MODE && folders.some((fits) => fits(path)));
  const isOutside = ({ path }: Change): boolean => allowed.length > 0 && !allowed.some((fits) => fits(path));
  const isDeclared = changes.some(({ path }) => foldPath(path) === '.gitmodules');
  const isNested = ({ mode, before }: Change): boolean =>
    mode === SUBMODULE_MODE && !isDeclared && before !== undefined && before.mode !== SUBMODULE_MODE;
  const isSubmodule = (change: Change): boolean =>
    ([change.mode, change.before?.mode].includes(SUBMODULE_MODE) ||
      foldPath(change.path) === '.gitmodules') &&
    !isNested(change);
  return [
    ...about(changes.filter(isDenied), (paths) => ({
      code: 'publish_path_denied',
      message: `The commits change what this profile does not publish: ${paths}.`,
      hint: 'Take the path out of publish.limits.deny (or set publish.limits.workflows for workflow files) if agents may change it; else ask the agent to leave it alone.',
    })),
    ...about(changes.filter(isOutside), (paths) => ({
      code: 'publish_path_not_allowed',
      message: `The commits change paths that publish.limits.allow does not list: ${paths}.`,
      hint: 'Add a pattern for them to publish.limits.allow in the profile, or ask the agent to keep to what is listed.',
    })),
    ...about(changes.filter(isNested), (paths) => ({
      code: 'publish_submodule',
      message: `The commits hold repositories of their own, which git add took as links to commits that nobody else has: ${paths}. Their files are not in the commits.`,
      hint: 'Ask the agent to clone other repositories outside of this one, to name them in .gitignore, or to remove their .git before it adds their files.',
    })),
    ...about(changes.filter(isSubmodule), (paths) => ({
      code: 'publish_submodule',
      message: `The commits change submodules, which are never published: ${paths}.`,
      hint: 'Change submodules by hand; a submodule can make everybody who clones fetch from anywhere.',
    })),
  ];
}

function contentProblems({ changes, contents }: ChangeSet, limits: PublishLimits): Problem[] {
  const isStraying = ({ mode, path, id }: Change): boolean =>
    mode === LINK_MODE && linkLeaves(path, contents.get(id)?.linkTarget);
  const isLargeBinary = ({ mode, id }: Change): boolean => {
    const content = contents.get(id);
    return (
      mode !== LINK_MODE && content !== undefined && content.isBinary && content.bytes > limits.binaryBytes
    );
  };
  return [
    ...about(changes.filter(isStraying), (paths) => ({
      code: 'publish_link_leaves',
      message: `The commits hold symbolic links that lead out of the repository or into .git: ${paths}.`,
      hint: 'Replace them by relative links within the repository.',
    })),
    ...about(changes.filter(isLargeBinary), (paths) => ({
      code: 'publish_binary_too_large',
      message: `The commits hold binary files of more than publish.limits.binaryBytes, which is ${limits.binaryBytes}: ${paths}.`,
      hint: 'Keep build results out of commits (.gitignore), or raise publish.limits.binaryBytes in the profile.',
    })),
  ];
}

function largeFileProblems({ largeFiles }: ChangeSet, limits: PublishLimits): Problem[] {
  const { missing = [], unpacked = [] } = largeFiles ?? {};
  if (limits.lfs) return [];
  return [
    ...aboutPaths(missing, (paths) => ({
      code: 'publish_lfs_missing',
      message: `The commits hold pointers of Git LFS whose contents the repository does not have: ${paths}.`,
      hint: 'Add these files by hand with git-lfs, or ask the agent to leave them alone; set publish.limits.lfs if it brings their contents there itself.',
    })),
    ...aboutPaths(unpacked, (paths) => ({
      code: 'publish_lfs_unpacked',
      message: `The commits put contents in the place of pointers of Git LFS: ${paths}.`,
      hint: 'Change these files by hand with git-lfs, or ask the agent to leave them alone; set publish.limits.lfs if they are meant to leave Git LFS.',
    })),
  ];
}

/** A problem with the first paths that have it, quoted; none for none. */
function about(changes: readonly Change[], problem: (paths: string) => Problem): Problem[] {
  return aboutPaths([...new Set(changes.map(({ path }) => path))], problem);
}

function aboutPaths(paths: readonly string[], problem: (paths: string) => Problem): Problem[] {
  if (paths.length === 0) return [];
  const named = paths.slice(0, MAX_EXAMPLES).map((path) => quoted(path));
  const more = paths.length > MAX_EXAMPLES ? ` and ${paths.length - MAX_EXAMPLES} more` : '';
  return [problem(`${named.join(', ')}${more}`)];
}

/**
 * Whether a symbolic link at `path` may lead out of the repository or into its `.git`. Going up is allowed only at the
 * target's beginning and no further than the root: a `..` after a name could stand behind another link. What leads
 * there on macOS and Windows only (a backslash, a drive, the names that mean `.git` there) leads there. Undefined is a
 * target that was too long to read.
 */
export function linkLeaves(path: string, target: string | undefined): boolean {
  if (target === undefined || target === '' || /^\/|^[a-z]:|[\0\\]/i.test(target)) return true;
  const names = target.split('/').filter((name) => name !== '' && name !== '.');
  const ups = names.findIndex((name) => name !== '..');
  const rest = ups === -1 ? [] : names.slice(ups);
  const depth = path.split('/').length - 1;
  const climbs = ups === -1 ? names.length : ups;
  return climbs > depth || rest.includes('..') || rest.some(isGit);
}

/** https://github.com/git/git/blob/master/path.c (is_ntfs_dotgit), utf8.c (is_hfs_dotgit) */
function isGit(name: string): boolean {
  const plain = name.replaceAll(/\p{Cf}/gu, '').replace(/:.*$/, '');
  return /^(?:\.git|git~\d+)[ .]*$/i.test(plain);
}
