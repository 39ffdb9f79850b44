import type { DescribedGitHub } from './described.ts';

/** A pull request that the stand-in knows. */
export type StoodPull = {
  number: number;
  title: string;
  body: string;
  draft: boolean;
  state: 'open' | 'closed';
  head: { ref: string; sha: string; repository: string };
  base: string;
  labels: string[];
  assignees: string[];
  reviewers: string[];
};

type Request = { method: string; path: string; query: URLSearchParams; body: unknown };
type Answer = { status: number; body: unknown };
type PullsState = {
  description: DescribedGitHub;
  pulls: StoodPull[];
  /** What the repository's owner pays for. */
  plan: { hasDrafts: boolean };
  /** What GitHub alone knows of branches: which are protected, and what renamed ones are called now. */
  branches: { protected: Set<string>; renamed: Map<string, string> };
  /** The commit that a branch of a repository is at now; a pull request from a branch that is not there is turned down. */
  branchOf(repository: string, branch: string): string | undefined;
};

const BRANCH = '/repos/{owner}/{repo}/branches/{branch}';
const PULLS = '/repos/{owner}/{repo}/pulls';
const ISSUE = '/repos/{owner}/{repo}/issues/{issue_number}';

/** The stand-in's answers about pull requests, by method and template. */
export const PULL_HANDLERS: Readonly<
  Record<string, (state: PullsState, request: Request, values: Record<string, string>) => Answer>
> = {
  [`GET ${BRANCH}`]: (state, _request, { owner, repo, branch = '' }) => {
    const name = state.branches.renamed.get(branch) ?? branch;
    const sha = state.branchOf(`${owner}/${repo}`, name);
    if (sha === undefined) return missing();
    const example = state.description.example(BRANCH, 'get', 200) as { commit: object };
    const commit = { ...example.commit, sha };
    return { status: 200, body: { ...example, name, commit, protected: state.branches.protected.has(name) } };
  },
  [`GET ${PULLS}`]: (state, { query }, { owner, repo }) => {
    const fits = ({ head, state: is }: StoodPull): boolean =>
      ['all', is].includes(query.get('state') ?? 'open') && `${owner}:${head.ref}` === query.get('head');
    const found = state.pulls.filter(fits).map((pull) => shown(state, pull, `${owner}/${repo}`, 'list'));
    return { status: 200, body: found };
  },
  [`POST ${PULLS}`]: (state, { body }, { owner, repo }) => {
    const wanted = body as { head: string; base: string; title: string; body: string; draft: boolean };
    const repository = `${owner}/${repo}`;
    if (wanted.draft && !state.plan.hasDrafts)
      return invalid('Draft pull requests are not supported in this repository.');
    const sha = state.branchOf(repository, wanted.head);
    if (!sha || !state.branchOf(repository, wanted.base)) return invalid('Validation Failed: head or base');
    if (state.pulls.some(({ head, state: is }) => is === 'open' && head.ref === wanted.head))
      return invalid(`A pull request already exists for ${owner}:${wanted.head}.`);
    const pull: StoodPull = {
      number: 100 + state.pulls.length,
      title: wanted.title,
      body: wanted.body,
      draft: wanted.draft,
      state: 'open',
      head: { ref: wanted.head, sha, repository },
      base: wanted.base,
      labels: [],
      assignees: [],
      reviewers: [],
    };
    state.pulls.push(pull);
    return { status: 201, body: shown(state, pull, repository, 'one') };
  },
  [`GET ${PULLS}/{pull_number}`]: (state, _request, { owner, repo, pull_number }) => {
    const pull = find(state, pull_number);
    return pull ? { status: 200, body: shown(state, pull, `${owner}/${repo}`, 'one') } : missing();
  },
  [`PATCH ${PULLS}/{pull_number}`]: (state, { body }, { owner, repo, pull_number }) => {
    const pull = find(state, pull_number);
    if (!pull) return missing();
    Object.assign(pull, body);
    return { status: 200, body: shown(state, pull, `${owner}/${repo}`, 'one') };
  },
  [`POST ${PULLS}/{pull_number}/requested_reviewers`]: (state, { body }, { owner, repo, pull_number }) => {
    const { reviewers, team_reviewers } = body as { reviewers: string[]; team_reviewers: string[] };
    if (reviewers.includes('a-stranger')) return invalid('Reviews may only be requested from collaborators.');
    const pull = find(state, pull_number);
    if (!pull) return missing();
    pull.reviewers.push(...reviewers, ...team_reviewers);
    return { status: 201, body: shown(state, pull, `${owner}/${repo}`, 'list') };
  },
  [`POST ${ISSUE}/labels`]: (state, { body }, { issue_number }) => {
    const { labels } = body as { labels: string[] };
    find(state, issue_number)?.labels.push(...labels);
    return { status: 200, body: labels.map((name, id) => ({ ...LABEL, id, name })) };
  },
  [`POST ${ISSUE}/assignees`]: (state, { body }, { issue_number }) => {
    const { assignees } = body as { assignees: string[] };
    find(state, issue_number)?.assignees.push(...assignees);
    return { status: 201, body: state.description.example(`${ISSUE}/assignees`, 'post', 201) };
  },
};

const LABEL = {
  node_id: 'MDU6TGFiZWwyMDgwNDU5NDY=',
  url: 'https://api.github.com/repos/octo/hello/labels/bug',
  description: null,
  color: 'f29513',
  default: false,
};

function find(state: PullsState, number: string | undefined): StoodPull | undefined {
  return state.pulls.find((pull) => pull.number === Number(number));
}

function shown(state: PullsState, pull: StoodPull, repository: string, as: 'list' | 'one'): unknown {
  const example = state.description.example(as === 'list' ? PULLS : `${PULLS}/{pull_number}`, 'get', 200);
  const { head, base } = example as { head: { repo: object }; base: { repo: object } };
  const sha = state.branchOf(pull.head.repository, pull.head.ref) ?? pull.head.sha;
  return {
    ...example,
    requested_teams: [],
    number: pull.number,
    html_url: `https://github.com/${repository}/pull/${pull.number}`,
    state: pull.state,
    title: pull.title,
    body: pull.body,
    draft: pull.draft,
    head: { ...head, ref: pull.head.ref, sha, repo: { ...head.repo, full_name: pull.head.repository } },
    base: { ...base, ref: pull.base, repo: { ...base.repo, full_name: repository } },
  };
}

function invalid(message: string): Answer {
  return { status: 422, body: { message, documentation_url: 'https://docs.github.com/rest', status: '422' } };
}

function missing(): Answer {
  return {
    status: 404,
    body: { message: 'Not Found', documentation_url: 'https://docs.github.com/rest', status: '404' },
  };
}
