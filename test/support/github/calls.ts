import { createCheck, findCheck, updateCheck } from '../../../src/github/checks.ts';
import type { GitHubClient } from '../../../src/github/client.ts';
import {
  changeInDiscussion,
  commentInDiscussion,
  discussionComments,
  reactInDiscussion,
} from '../../../src/github/discussions.ts';
import { addReaction, createComment, findComment, updateComment } from '../../../src/github/issues.ts';
import { fetchPermission, isTeamMember } from '../../../src/github/permission.ts';
import {
  addAssignees,
  addLabels,
  createPullRequest,
  fetchBranch,
  fetchPullRequest,
  findPullRequest,
  requestReviewers,
  updatePullRequest,
} from '../../../src/github/pull-requests.ts';
import { fetchLogin } from '../../../src/github/tokens.ts';

const place = { owner: 'owner', repo: 'repository' };
const sha = 'a'.repeat(40);
const check = { ...place, sha, name: 'github-flows: x', externalId: 'run' };
const state = { status: 'in_progress', title: 'Working', summary: 'Yes.' } as const;

/** Every call that asks who may and says how it goes: how it is made, and whether it may be made again after an error of GitHub's. */
export const GITHUB_CALLS: Record<
  string,
  { call: (client: GitHubClient) => Promise<unknown>; tries: 1 | 3 }
> = {
  'the permission of a user': {
    call: (client) => fetchPermission(client, { ...place, login: 'octocat' }),
    tries: 3,
  },
  'the membership in a team': {
    call: (client) => isTeamMember(client, { team: 'owner/core', login: 'octocat' }),
    tries: 3,
  },
  'the owner of the token': { call: fetchLogin, tries: 1 },
  'a reaction': {
    call: (client) => addReaction(client, { ...place, subject: 'issue', id: 7, content: '+1' }),
    tries: 3,
  },
  'a new comment': { call: (client) => createComment(client, { ...place, number: 7, body: 'x' }), tries: 1 },
  'a changed comment': { call: (client) => updateComment(client, { ...place, id: 9, body: 'x' }), tries: 3 },
  'the comments of a thread': {
    call: (client) => findComment(client, { ...place, number: 7, mark: 'x' }),
    tries: 3,
  },
  'a new check': { call: (client) => createCheck(client, { ...check, state }), tries: 1 },
  'a changed check': { call: (client) => updateCheck(client, { ...place, id: 9, state }), tries: 3 },
  'the head of a pull request': {
    call: (client) => fetchPullRequest(client, { ...place, number: 7 }),
    tries: 3,
  },
  'the pull requests of a branch': {
    call: (client) => findPullRequest(client, { ...place, branch: 'x', commit: sha }),
    tries: 3,
  },
  'a branch': { call: (client) => fetchBranch(client, { ...place, branch: 'x/y' }), tries: 3 },
  'a new pull request': {
    call: (client) =>
      createPullRequest(client, { ...place, head: 'x', base: 'main', title: 'x', body: 'x', draft: true }),
    tries: 1,
  },
  'a changed pull request': {
    call: (client) => updatePullRequest(client, { ...place, number: 7, title: 'x', body: 'x' }),
    tries: 3,
  },
  labels: { call: (client) => addLabels(client, { ...place, number: 7, labels: ['x'] }), tries: 3 },
  assignees: { call: (client) => addAssignees(client, { ...place, number: 7, assignees: ['x'] }), tries: 3 },
  reviewers: {
    call: (client) => requestReviewers(client, { ...place, number: 7, reviewers: ['x'], teamReviewers: [] }),
    tries: 3,
  },
  'a reaction in a discussion': {
    call: (client) => reactInDiscussion(client, { subject: 'D_1', content: 'eyes' }),
    tries: 3,
  },
  'a new comment in a discussion': {
    call: (client) => commentInDiscussion(client, { discussion: 'D_1', body: 'x' }),
    tries: 1,
  },
  'a changed comment in a discussion': {
    call: (client) => changeInDiscussion(client, { comment: 'DC_1', body: 'x' }),
    tries: 3,
  },
  'the comments in a discussion': { call: (client) => discussionComments(client, 'D_1'), tries: 3 },
  'the checks of a commit': { call: (client) => findCheck(client, check), tries: 3 },
};
