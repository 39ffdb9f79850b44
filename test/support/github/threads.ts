import type { DescribedGitHub } from './described.ts';

/** A check run that the stand-in has. */
export type StoodCheck = {
  id: number;
  name: string;
  head_sha: string;
  external_id: string;
  status: string;
  conclusion: string | null;
  output: { title: string; summary: string };
  details_url?: string;
};

/** Who is in which team (`org/slug`), and what checks there are. */
export type StoodTalk = { teams: Record<string, Record<string, 'active' | 'pending'>>; checks: StoodCheck[] };

type Request = { body: unknown; query: URLSearchParams };
type Answer = { status: number; body: unknown };
type State = { description: DescribedGitHub; talk: StoodTalk };

const MEMBERSHIP = '/orgs/{org}/teams/{team_slug}/memberships/{username}';
const CHECKS = '/repos/{owner}/{repo}/check-runs';
const OF_COMMIT = '/repos/{owner}/{repo}/commits/{ref}/check-runs';

/** The stand-in's answers about teams and checks, by method and template. */
export const TALK_HANDLERS: Readonly<
  Record<string, (state: State, request: Request, values: Record<string, string>) => Answer>
> = {
  [`GET ${MEMBERSHIP}`]: ({ description, talk }, _request, { org, team_slug, username = '' }) => {
    const state = talk.teams[`${org}/${team_slug}`]?.[username];
    if (!state) return missing();
    return { status: 200, body: { ...description.example(MEMBERSHIP, 'get', 200), state } };
  },
  [`POST ${CHECKS}`]: (state, { body }) => {
    const given = body as Omit<StoodCheck, 'id' | 'conclusion'>;
    const check = { conclusion: null, ...given, id: 500 + state.talk.checks.length };
    state.talk.checks.push(check);
    return { status: 201, body: shown(state, check) };
  },
  [`PATCH ${CHECKS}/{check_run_id}`]: (state, { body }, { check_run_id }) => {
    const check = state.talk.checks.find(({ id }) => id === Number(check_run_id));
    if (!check) return missing();
    Object.assign(check, body);
    return { status: 200, body: shown(state, check) };
  },
  [`GET ${OF_COMMIT}`]: (state, { query }, { ref }) => {
    const found = state.talk.checks.filter(
      ({ head_sha, name }) => head_sha === ref && name === query.get('check_name'),
    );
    const check_runs = found.map((check) => shown(state, check));
    return { status: 200, body: { total_count: found.length, check_runs } };
  },
};

/** The description forgets that a check which is not completed has no conclusion, so that one is shown. */
function shown({ description }: State, { output, ...check }: StoodCheck): unknown {
  const example = description.example(CHECKS, 'post', 201);
  const conclusion = check.conclusion ?? 'neutral';
  return { ...example, ...check, conclusion, output: { ...(example.output as object), ...output } };
}

function missing(): Answer {
  return {
    status: 404,
    body: { message: 'Not Found', documentation_url: 'https://docs.github.com/rest', status: '404' },
  };
}
