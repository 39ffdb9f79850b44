import type { Issue, Problem } from '../base/errors.ts';
import { jsonPointer } from '../base/json.ts';
import { branchTemplateIssue } from './branch-rules.ts';
import type { PublishRule } from './profile.ts';

/** `publish` as a fragment writes it; what it leaves out has a default. */
export type PublishSetting = Partial<Omit<PublishRule, 'as' | 'limits'>> & {
  as?: PublishRule['as'] | 'nothing';
  limits?: Partial<PublishRule['limits']>;
};

/** What the texts of `publish` may name. */
export const PUBLISH_NAMES = [
  'run',
  'profile',
  'repository',
  'issueNumber',
  'issueTitle',
  'actorLogin',
  'summary',
] as const;

/** The keys of `publish` that are templates. */
const TEMPLATES = ['branch', 'title', 'body'] as const;

/** A pull request of its own for each run, small enough to be read. */
const DEFAULTS: PublishRule = {
  as: 'pull-request',
  branch: 'github-flows/{{run}}',
  title: '{{#if issueTitle}}{{issueTitle}}{{else}}Changes of run {{run}}{{/if}}',
  body: '{{summary}}',
  draft: true,
  link: 'closes',
  labels: [],
  reviewers: [],
  teamReviewers: [],
  assignees: [],
  authors: [],
  limits: {
    files: 300,
    bytes: 5 * 1024 ** 2,
    binaryBytes: 256 * 1024,
    allow: [],
    deny: [],
    workflows: false,
    lfs: false,
  },
};

/** The whole rule of a merged profile; undefined when nothing is published. */
export function toPublish(setting: PublishSetting | undefined): PublishRule | undefined {
  if (setting === undefined || setting.as === 'nothing') return undefined;
  const { as = DEFAULTS.as, limits, ...rest } = setting;
  return { ...DEFAULTS, ...rest, as, limits: { ...DEFAULTS.limits, ...limits } };
}

/** What is wrong with the templates of one fragment. */
export function publishIssues(
  file: string,
  setting: PublishSetting | undefined,
  checkText: (template: string, names: readonly string[]) => readonly Problem[],
): Issue[] {
  const issues = TEMPLATES.flatMap((key) => {
    const template = setting?.[key];
    if (template === undefined) return [];
    const path = jsonPointer('publish', key);
    return checkText(template, PUBLISH_NAMES).map((problem) => ({ ...problem, file, path }));
  });
  const branch = issues.length > 0 ? undefined : setting?.branch;
  const issue = branch === undefined ? undefined : branchTemplateIssue(file, branch);
  return issue ? [...issues, issue] : issues;
}
