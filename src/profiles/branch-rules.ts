import type { Issue } from '../base/errors.ts';
import { isBranchName, isPlainBranchName } from '../events/branch-name.ts';
import { show, wrongValue } from './errors.ts';
import type { Profile } from './profile.ts';

/** What the variables of a branch's name come to, as far as it matters: titles and summaries are words with spaces. */
const SAMPLES: Readonly<Record<string, string>> = {
  run: 'x1',
  profile: 'x1',
  repository: 'x1/x1',
  issueNumber: '1',
  issueTitle: 'two words',
  actorLogin: 'x1',
  summary: 'two words',
};

/** Names that one template is tried with; it doubles with each condition. */
const MAX_SAMPLES = 64;

const INNERMOST = /\{\{#(?:if|unless) [^}]*\}\}((?:(?!\{\{[#/])[\s\S])*?)\{\{\/(?:if|unless)\}\}/;

/** Names that a template of publish.branch may come to, one for each way through its conditions. */
export function sampleBranches(template: string): string[] {
  let ways = [template];
  while (ways.some((way) => INNERMOST.test(way)) && ways.length < MAX_SAMPLES)
    ways = ways.flatMap((way) => {
      const [block, inside = ''] = INNERMOST.exec(way) ?? [];
      if (block === undefined) return [way];
      const [yes = '', no = ''] = inside.split(/\{\{else\}\}/);
      return [yes, no].map((text) => way.replace(block, () => text));
    });
  const fill = (_tag: string, name: string): string => SAMPLES[name] ?? 'x1';
  return ways.map((way) => way.replaceAll(/\{\{\{?\s*([^\s}]*)[^}]*\}?\}\}/g, fill).trim());
}

/** A publish.branch that comes to a name which no branch can have. */
export function branchTemplateIssue(file: string, template: string): Issue | undefined {
  const bad = sampleBranches(template).find((name) => !isPlainBranchName(name));
  if (bad === undefined) return undefined;
  return wrongValue(
    file,
    '/publish/branch',
    `is ${show(template)}, which may come to ${show(bad)}, and no branch can have this name`,
    'a name of letters, digits, -, _, . and /, with variables that hold only such, as {{run}} and {{issueNumber}} do',
  );
}

/** What is wrong with a checkout.ref whatever the profile does with it. */
export function refIssue(file: string, ref: string): Issue | undefined {
  const name = ref.replace(/^refs\/[^/]+\//, '');
  const isCommit = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(ref);
  if (isCommit || isBranchName(name) || isQueue(ref)) return undefined;
  return wrongValue(file, '/checkout/ref', `is ${show(ref)}, which git takes for no branch or tag`, A_REF);
}

/** A checkout.ref that no pull request of the profile's runs could be merged into. */
export function targetIssue(
  file: string,
  { checkout, publish }: Pick<Profile, 'checkout' | 'publish'>,
): Issue[] {
  const { ref } = checkout;
  if (ref === undefined || publish?.as !== 'pull-request') return [];
  if (isBranchName(ref.replace(/^refs\/heads\//, ''))) return [];
  const what = `is ${show(ref)}, which is no branch that the pull requests of \`publish\` could be merged into`;
  return [wrongValue(file, '/checkout/ref', what, 'the name of a branch; or publish a "patch", or nothing')];
}

const A_REF =
  'a branch, a tag, a full ref or a whole commit, as `git check-ref-format --branch NAME` allows it';

function isQueue(ref: string): boolean {
  return /^(?:refs\/heads\/)?gh-readonly-queue\/./.test(ref);
}

/** A profile with the file that sets `publish.branch`. */
type Branching = { file: string; profile: Pick<Profile, 'path' | 'trigger' | 'publish'> };

/** Profiles whose branches have one fixed name that is the folder of another's, in what may be one repository. */
export function collidingBranches(all: readonly Branching[]): Issue[] {
  const publishing = all.filter(({ profile }) => profile.publish?.as === 'pull-request');
  const fixed = publishing.filter(({ profile }) => !profile.publish?.branch.includes('{{'));
  return fixed.flatMap(({ file, profile }) => {
    const name = profile.publish?.branch.trim() ?? '';
    const other = publishing.find(
      (each) =>
        mayMeet(profile.trigger.repository, each.profile.trigger.repository) &&
        sampleBranches(each.profile.publish?.branch ?? '').some((sample) => sample.startsWith(`${name}/`)),
    );
    if (!other) return [];
    const where = `those of the profile ${other.profile.path} lie in it as in a folder (${show(other.profile.publish?.branch)})`;
    return [
      wrongValue(
        file,
        '/publish/branch',
        `is ${show(name)}, but ${where}, and git takes no branch whose name is the folder of another`,
        'a name that is no folder of other branches',
      ),
    ];
  });
}

function mayMeet(one: unknown, other: unknown): boolean {
  if (one === undefined || other === undefined) return true;
  const names = new Set([one].flat().map((name) => String(name).toLowerCase()));
  return [other].flat().some((name) => names.has(String(name).toLowerCase()));
}
