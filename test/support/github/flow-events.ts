import type { FlowEvent } from '../../../src/events/event.ts';
import type { Candidate, Profile, Trigger } from '../../../src/profiles/profile.ts';
import { expandProfile } from '../../../src/profiles/read/build.ts';

/** An issue_comment in `owner/repository`, changed as the test asks. */
export function commentEvent(changes: Partial<FlowEvent> = {}): FlowEvent {
  return {
    deliveryId: 'delivery',
    name: 'issue_comment',
    action: 'created',
    repository: undefined,
    actor: undefined,
    labels: ['bug', 'ready'],
    attributes: {
      event: 'issue_comment',
      action: 'created',
      repository: 'owner/repository',
      actorLogin: 'alice',
      issueNumber: 42,
      isPullRequest: false,
      command: '/fix',
    },
    pullRequest: undefined,
    commit: undefined,
    payload: {
      action: 'created',
      issue: {
        number: 42,
        state: 'open',
        comments: 3,
        body: null,
        labels: [{ name: 'bug' }, { name: 'ready' }],
        user: { login: 'bob' },
      },
      comment: { body: '/fix the tests', user: { login: 'alice' } },
    },
    ...changes,
  };
}

/** A complete profile with this path and trigger. */
export function profileOf(path: string, trigger: Trigger): Profile {
  return {
    path,
    description: undefined,
    trigger,
    allow: { permission: 'write', actors: [], bots: [] },
    execution: {
      handler: { type: 'shell', command: ['true'], args: [], prompt: undefined, promptVariables: [] },
      runtime: {
        image: 'image:1',
        setupScript: undefined,
        timeoutSec: undefined,
        stallTimeoutSec: undefined,
        memoryBytes: undefined,
        cpus: undefined,
        pids: undefined,
        shmSizeBytes: undefined,
        readOnlyRoot: false,
        user: undefined,
        network: undefined,
        ociRuntime: undefined,
        diskBytes: undefined,
        workspaceBytes: undefined,
        env: {},
        dockerArgs: { mounts: [], ulimits: [], addHosts: [], dns: [], labels: {} },
      },
    },
    credentials: { codex: false, github: undefined, secrets: [] },
    checkout: { from: 'auto', ref: undefined, depth: undefined, agentConfig: 'base' },
    retry: { attempts: 3, backoffSec: 10, on: 'before-start' },
    report: { reaction: true, comment: 'on-failure' },
    publish: undefined,
  };
}

/** A profile that is granted these credentials. */
export function profileWith(credentials: Partial<Profile['credentials']>): Profile {
  const profile = profileOf('.', { event: 'push' });
  return { ...profile, credentials: { ...profile.credentials, ...credentials } };
}

/** The candidates of profiles given as path and trigger. */
export function candidatesOf(triggers: Readonly<Record<string, Trigger>>): Candidate[] {
  return Object.entries(triggers).flatMap(([path, trigger]) => expandProfile(profileOf(path, trigger)));
}
