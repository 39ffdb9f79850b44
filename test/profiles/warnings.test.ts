import { describe, expect, test } from 'vitest';
import type { Profile, Trigger } from '../../src/profiles/profile.ts';
import { profileWarnings } from '../../src/profiles/read/warnings.ts';
import { profileOf } from '../support/github/flow-events.ts';

const fragment = { folder: '.', file: 'profile.json', description: undefined, settings: {} };

function warn(trigger: Trigger, changes: Partial<Profile> = {}): string[] {
  const profile = { ...profileOf('.', trigger), ...changes };
  return profileWarnings([fragment], profile).map(
    ({ code, path, message, hint }) => `${code} ${path} ${message} → ${hint}`,
  );
}

const issue = { event: 'issues', action: 'opened' };
const comment = { event: 'issue_comment', action: 'created' };

describe('a trigger that can never match is told, with the nearest that can', () => {
  test.each<[Trigger, string, RegExp]>([
    [{ event: 'isues' }, 'trigger_event_unknown /trigger/event', /Write "issues"/],
    [{ event: 'Issue_Comment' }, 'trigger_event_unknown', /Write "issue_comment"/],
    [{ event: 'pr' }, 'trigger_event_unknown', /Write "pull_request"/],
    [{ event: 'issues.labeled' }, 'trigger_event_unknown', /"event": "issues", "action": "labeled"/],
    [
      { event: ['push', 'pull-request'], branch: 'x' },
      'trigger_event_unknown /trigger/event/1',
      /Write "pull_request"/,
    ],
    [{ event: 'ping' }, 'trigger_event_unknown', /ping only tries/],
    [{ event: 'installation', action: 'created' }, 'trigger_event_unknown', /about no repository/],
    [{ event: true, action: 'created' }, 'trigger_event_unknown', /docs\/profiles\.md/],
    [{ event: 'issues', action: 'labelled' }, 'trigger_action_unknown /trigger/action', /Write "labeled"/],
    [{ event: 'issues', action: 'Opened' }, 'trigger_action_unknown', /Write "opened"/],
    [{ event: 'issues', action: 'created' }, 'trigger_action_unknown', /Write "opened"/],
    [{ event: 'pull_request', action: 'merged' }, 'trigger_action_unknown', /Write "closed"/],
    [
      { event: 'pull_request', action: ['opened', 'synchronized'] },
      'trigger_action_unknown /trigger/action/1',
      /"synchronize"/,
    ],
    [
      { event: 'push', action: 'created', branch: 'main' },
      'trigger_action_unknown',
      /has no actions\. → Remove/,
    ],
    [
      { event: ['push', 'issues'], action: 'opened' },
      'trigger_action_unknown',
      /`push`, which therefore starts nothing/,
    ],
    [{ ...comment, command: 'fix' }, 'trigger_value_never /trigger/command', /Write "\/fix"/],
    [{ ...comment, command: '／fix' }, 'trigger_value_never', /Write "\/fix"/],
    [{ ...comment, command: '/fix it' }, 'trigger_value_never', /one word.*Write "\/fix"/],
    [{ ...comment, command: '/fi\u200bx' }, 'trigger_value_never', /Write "\/fix"/],
    [{ ...comment, command: ['/fix', 'go'] }, 'trigger_value_never /trigger/command/1', /Write "\/go"/],
    [{ ...issue, repository: 'hello' }, 'trigger_value_never /trigger/repository', /"owner\/hello"/],
    [
      { ...issue, repository: 'https://github.com/octo/hello.git' },
      'trigger_value_never',
      /Write "octo\/hello"/,
    ],
    [{ ...issue, repository: 'git@github.com:octo/hello.git' }, 'trigger_value_never', /Write "octo\/hello"/],
    [{ ...issue, repository: 'github.com/octo/hello' }, 'trigger_value_never', /Write "octo\/hello"/],
    [{ ...issue, repository: 'octo/hello/' }, 'trigger_value_never', /Write "octo\/hello"/],
    [{ ...issue, repository: 'octo/*' }, 'trigger_value_never', /startsWith/],
    [{ ...issue, repository: ' octo/hello' }, 'trigger_value_never', /Write "octo\/hello"/],
    [{ ...issue, repository: 42 }, 'trigger_value_never', /in quotes/],
    [{ ...issue, actorLogin: '@alice' }, 'trigger_value_never', /"alice"/],
    [{ ...issue, actorType: 'user' }, 'trigger_value_never', /"User"/],
    [{ ...issue, actorType: 'Bot' }, 'trigger_value_never', /"allow": \{"bots"/],
    [
      { ...issue, actorLogin: 'renovate[bot]' },
      'trigger_value_never',
      /\["renovate\[bot\]"\]|"renovate\[bot\]"/,
    ],
    [{ ...issue, authorAssociation: 'member' }, 'trigger_value_never', /"MEMBER"/],
    [{ ...issue, issueNumber: '#42' }, 'trigger_value_never', /such as 42/],
    [{ ...comment, isPullRequest: 'true' }, 'trigger_value_never', /Write true/],
    [
      { event: 'pull_request', action: 'opened', isPullRequest: false },
      'trigger_value_never',
      /always about pull requests/,
    ],
    [
      { event: 'push', branch: 'main', isPullRequest: true },
      'trigger_value_never',
      /never about pull requests/,
    ],
    [{ event: 'push', branch: 'refs/heads/main' }, 'trigger_value_never /trigger/branch', /Write "main"/],
    [{ event: 'push', branch: 'refs/tags/v1' }, 'trigger_value_never', /tag is no branch/],
    [{ event: 'push', branch: 'release/*' }, 'trigger_value_never', /startsWith/],
    [{ event: 'issues', action: 'labeled', labelName: null }, 'trigger_value_never', /only a text/],
    [{ ...issue, repository: [] }, 'trigger_value_never', /empty list/],
    [{ ...issue, labels: [''] }, 'trigger_value_never /trigger/labels/0', /which is empty/],
    [{ ...issue, labels: ['agent', 'bug '] }, 'trigger_value_never /trigger/labels/1', /Write "bug"/],
    [{ ...issue, repository: 'github.com/hello' }, 'trigger_value_never', /"owner\/hello"/],
    [{ ...issue, repository: 'octo/..' }, 'trigger_value_never', /"owner\/name"/],
    [{ ...issue, repository: 'octo/' }, 'trigger_value_never', /"octo\/name"/],
    [{ ...comment, command: '/' }, 'trigger_value_never', /Write "\/fix"/],
    [{ ...issue, repository: null }, 'trigger_value_never', /only a text.*→ Name a value/],
    [{ ...issue, isPullRequest: true }, 'trigger_value_never', /never about pull requests/],
    [{ ...issue, filter: 'false' }, 'trigger_value_never /trigger/filter', /is `false`/],
    [
      { ...issue, filter: 'event.issue.title != "x" && event.action == "created"' },
      'trigger_value_never',
      /`event\.action` for "created", and the trigger leaves opened/,
    ],
    [{ event: 'issues', filter: 'attributes.action in ["a", "b"]' }, 'trigger_value_never', /"a", "b"/],
    [{ ...issue, filter: '"push" == attributes.event' }, 'trigger_value_never', /`trigger\.event` asks/],
    [{ ...comment, filter: 'attributes.command == "fix"' }, 'trigger_value_never', /Write "\/fix"/],
    [{ ...issue, filter: 'attributes.repository == "hello"' }, 'trigger_value_never', /"owner\/hello"/],
    [
      { ...issue, issueNumber: 7, filter: 'attributes.issueNumber == 8' },
      'trigger_value_never',
      /`trigger\.issueNumber` asks for another/,
    ],
    [
      { event: 'push', branch: 'v1.0', filter: 'event.ref.startsWith("refs/tags/")' },
      'trigger_value_never',
      /leaves "refs\/heads\/v1\.0"/,
    ],
    [
      { ...issue, labelName: 'bug' },
      'trigger_attribute_never /trigger/labelName',
      /no event of this trigger/,
    ],
    [
      { event: 'issues', action: ['opened', 'labeled'], labelName: 'bug' },
      'trigger_attribute_never',
      /`opened`/,
    ],
    [
      { event: ['issue_comment', 'push'], branch: 'main', filter: 'attributes.action != "x"' },
      'trigger_attribute_never',
      /no event `issue_comment`/,
    ],
    [{ ...comment, isFork: false }, 'trigger_attribute_never', /isFork/],
    [{ event: 'push', branch: 'main', labels: ['bug'] }, 'trigger_attribute_never /trigger/labels', /labels/],
    [{ event: 'push', branch: 'main', command: '/fix' }, 'trigger_attribute_never', /command/],
    [
      { event: 'workflow_run', action: 'completed', branch: 'main', issueNumber: 1 },
      'trigger_attribute_never',
      /issueNumber/,
    ],
  ])('%j', (trigger, begins, says) => {
    const warnings = warn(trigger);
    expect(warnings, warnings.join('\n')).toHaveLength(1);
    expect(warnings[0]).toContain(begins);
    expect(warnings[0]).toMatch(says);
  });
});

describe('a trigger that starts more than anybody means is told, with what narrows it', () => {
  test.each<[Trigger, RegExp]>([
    [{ event: 'issues', action: 'labeled', labels: ['agent-ready'] }, /six runs.*"labelName": "agent-ready"/],
    [{ event: 'pull_request', action: ['opened', 'labeled'] }, /for each label/],
    [{ event: 'issues', action: 'unlabeled' }, /for each label/],
    [{ event: 'issues', action: 'labeled', filter: 'attributes.action == "labeled"' }, /for each label/],
    [{ event: 'issues', filter: 'event.action == "labeled"' }, /for each label/],
    [{ event: 'issues', filter: 'event.action in ["opened", "labeled"]' }, /for each label/],
    [
      { event: 'issues', action: 'labeled', filter: 'event.issue.labels.exists(label, label.name == "bug")' },
      /for each label/,
    ],
    [{ event: 'issues', action: 'labeled', filter: 'event.label.name != ""' }, /for each label/],
    [{ event: 'issues', action: 'labeled', filter: 'has(event.label)' }, /for each label/],
    [
      { event: 'pull_request', action: 'assigned', filter: 'event.pull_request.assignees.size() > 0' },
      /for each assignee/,
    ],
    [{ event: 'issues', action: 'assigned' }, /for each assignee.*event\.assignee/],
    [{ event: 'pull_request', action: 'review_requested' }, /for each reviewer/],
    [{ event: 'issue_comment' }, /created, deleted\. What is deleted/],
    [{ event: 'issue_comment', command: '/fix' }, /What is deleted/],
    [{ event: 'pull_request' }, /synchronize.*"action": "opened"/],
    [{ event: 'check_run', filter: 'event.check_run.name == "x"' }, /names no action/],
    [{ event: 'push' }, /every tag/],
    [{ event: 'push', repository: 'octo/hello' }, /every tag/],
    [{ event: 'push', filter: 'event.pusher.name == "referee"' }, /every tag/],
    [{ event: 'issues', filter: 'event.issue.title == "action"' }, /names no action/],
    [{ event: 'check_run', action: 'completed' }, /each check of every commit/],
    [{ event: 'check_run', action: 'completed', branch: 'main' }, /each check of every commit/],
    [{ event: 'workflow_run', action: 'completed' }, /each run of every workflow/],
    [{ event: 'status' }, /each status/],
    [{ event: 'pull_request_review_comment', action: 'created' }, /each comment of a review/],
  ])('%j', (trigger, says) => {
    const warnings = warn(trigger);
    expect(warnings, warnings.join('\n')).toHaveLength(1);
    expect(warnings[0]).toMatch(/^trigger_matches_often /);
    expect(warnings[0]).toMatch(says);
  });

  test('but not where a group lets one run stand for the burst', () => {
    const trigger = { event: 'issues', action: 'labeled', labels: ['x'] };
    const group = '{{repository}}#{{issueNumber}}';
    expect(warn(trigger, { concurrency: { group, onBusy: 'drop' } })).toEqual([]);
    expect(warn(trigger, { concurrency: { group, onBusy: 'queue' } })).toHaveLength(1);
    const eachLabel = `${group} {{ labelName }}`;
    expect(warn(trigger, { concurrency: { group: eachLabel, onBusy: 'drop' } })).toHaveLength(1);
    expect(
      warn({ event: 'issues', action: 'assigned' }, { concurrency: { group: eachLabel, onBusy: 'drop' } }),
    ).toEqual([]);
  });
});

test.each<[Trigger]>([
  [{ ...issue, repository: 'octo/hello.world' }],
  [{ ...comment, command: ['/fix', '/Fix-it', '/a:b'], isPullRequest: true }],
  [{ event: 'issues', action: 'labeled', labelName: 'agent' }],
  [{ event: 'issues', action: 'labeled', filter: 'event.label.name.startsWith("agent")' }],
  [{ event: 'issues', action: 'labeled', filter: 'event.issue.labels.size() == 1' }],
  [{ event: 'issues', action: 'milestoned', isPullRequest: true }],
  [{ event: 'issues', action: 'labeled', labelName: '❤️ agent', labels: ['👩‍💻'] }],
  [{ ...issue, repository: 'o_w/.github' }],
  [{ ...issue, filter: 'attributes.issueNumber == 8 || false' }],
  [{ ...issue, issueNumber: 8, filter: 'attributes.issueNumber == 8 && event.action != "closed"' }],
  [{ ...comment, filter: 'attributes.command in ["fix", "/fix"] && attributes.command.startsWith("/f")' }],
  [{ event: 'push', branch: 'v1.0', filter: 'event.ref.startsWith("refs/heads/v")' }],
  [{ event: 'repository_dispatch', filter: 'event.action == "deploy"' }],
  [{ event: 'issues', action: 'labeled', filter: 'event.label.name != "" && "bug" == event.label.name' }],
  [{ event: 'issues', filter: 'event.action == "opened"' }],
  [{ event: 'issues', filter: 'attributes.labelName == "bug" && event.action == "labeled"' }],
  [{ event: 'push', branch: ['main', 'release/1.x'] }],
  [{ event: 'push', filter: '!event.deleted && event["ref"] == "refs/heads/main"' }],
  [{ event: 'push', filter: 'event.ref.startsWith("refs/tags/")' }],
  [{ event: 'check_run', action: 'completed', filter: 'event.check_run.conclusion == "failure"' }],
  [{ event: 'workflow_run', action: 'completed', branch: 'main', isFork: false }],
  [{ event: 'repository_dispatch', action: 'anything', filter: 'event.client_payload.x == "y"' }],
  [{ event: 'pull_request', action: ['opened', 'synchronize'], isFork: true, branch: 'x' }],
  [{ event: 'pull_request', filter: 'event.action in ["opened", "closed"]' }],
  [{ event: ['issues', 'pull_request'], action: 'opened', authorAssociation: 'NONE', labels: ['x'] }],
  [{ event: 'discussion', action: 'labeled', labelName: 'x' }],
  [{ event: 'label', action: 'created', labelName: 'x' }],
  [{ event: 'release', action: 'published' }],
  [{ event: 'create', branch: 'x' }],
  [{ event: 'pull_request_review_comment', action: 'created', command: '/fix' }],
])('nothing is said of %j', (trigger) => {
  expect(warn(trigger)).toEqual([]);
});

describe('paths that no such event has are told', () => {
  const { execution } = profileOf('.', issue);
  const variable = (path: string, required = true, trigger: Trigger = issue): string[] =>
    warn(trigger, {
      execution: {
        ...execution,
        handler: { ...execution.handler, promptVariables: [{ name: 'X', path, required, default: '' }] },
      },
    });

  test.each([
    ['event.issue.titel', /no event of this trigger has: each such run is refused.*"event\.issue\.title"/],
    ['event.comment.body', /"event\.issue\.body"/],
    ['event.issue', /an object or a list/],
    ['event.issue.labels.name', /"event\.issue\.labels\.0\.name"/],
    ['attributes.branch', /attributes\.branch/],
    ['event.label.name', /event\.label\.name/],
  ])('a path of a required variable that no event has is reported: %s', (path, says) => {
    expect(variable(path)).toEqual([
      expect.stringMatching(/^payload_path_unknown \/execution\/handler\/promptVariables /),
    ]);
    expect(variable(path)[0]).toMatch(says);
  });

  test('a path of an optional variable is reported where the variable is always its default', () => {
    expect(variable('event.issue.titel', false)).toEqual([expect.stringContaining('always its default')]);
    expect(
      variable('event.label.name', false, {
        event: 'issues',
        action: ['opened', 'labeled'],
        filter: 'event.label.name != "wontfix"',
      }),
    ).toEqual([]);
  });

  test('a path of a required variable that one of the events lacks is reported', () => {
    const both = { event: ['issues', 'pull_request'], action: 'opened' };
    expect(variable('event.issue.title', true, both)).toEqual([
      expect.stringContaining('`pull_request` with the action `opened` does not have'),
    ]);
    expect(variable('event.repository.full_name', true, both)).toEqual([]);
  });

  test.each([
    'event.issue.user.login',
    'event.issue.labels.0.name',
    'attributes.commandArgs',
    'attributes.issueNumber',
    'workspace.path',
    'run.id',
    'event.issue.milestone.title',
    'event.repository.custom_properties.team',
  ])('no path is reported of %s', (path) => {
    expect(variable(path)).toEqual([]);
  });

  test.each([
    ['event.comment.bdy.startsWith("/x")', 'event.comment.bdy'],
    ['event["coment"].body == "x"', 'event.coment.body'],
    ['event.issue.labels.exists(l, l.nme == "x")', 'event.issue.labels.0.nme'],
    ['event.issue.state == "open" && has(event.pull_request.draft)', 'event.pull_request.draft'],
    ['!(event.issue.labels[0].nam == "x") || true', 'event.issue.labels.0.nam'],
    ['attributes.labelName == "x"', 'attributes.labelName'],
    ['size(event.issue.label) > 1', 'event.issue.label'],
  ])('a path that no event has is reported of the filter %s', (filter, path) => {
    const warnings = warn({ ...comment, filter });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(`payload_path_unknown /trigger/filter The filter reads "${path}"`);
  });

  test.each([
    'event.issue.labels.exists(label, label.name == "help wanted")',
    '!has(event.issue.pull_request) && event.issue.comments < 20.0',
    'attributes.actorLogin in ["alice"] || event.comment.author_association == "OWNER"',
    'event.issue.labels.map(l, l.name).exists(n, n.contains("x"))',
  ])('no path is reported of the filter %s', (filter) => {
    expect(warn({ ...comment, filter })).toEqual([]);
  });
});
