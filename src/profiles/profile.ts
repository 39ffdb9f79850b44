import { type LoginGrants, loginGrants } from '../agents/agent.ts';
import type { ProfileLimit } from '../base/run-limits.ts';
import type { AttributeName, Scalar } from '../events/event.ts';
import type { DockerArgs } from '../mounts/mount.ts';
import type { SecretGrant } from './named-secrets.ts';

/** The conditions of a profile as written: scalars, or lists of which one value has to match. */
export type Trigger = Partial<Record<AttributeName, Scalar | readonly Scalar[]>> & {
  labels?: readonly string[];
  filter?: string;
};

/** Who may start a run, with defaults filled in: `permission` is absent when only `actors`, `teams` and `bots` may. */
export type Allow = {
  permission?: 'read' | 'triage' | 'write' | 'maintain' | 'admin' | 'any';
  /** Logins, or `login#id`: the account with this id, whatever its login is. */
  actors: readonly string[];
  /** Teams as `org/slug`. */
  teams?: readonly string[];
  /** The same of bots. */
  bots: readonly string[];
  /** False keeps runs off pull requests from other repositories. */
  forks?: boolean;
};

/** One prompt variable: where its value comes from, and what it is when nothing is there. */
export type PromptVariable = { name: string; path: string; required: boolean; default: string };

/** What runs in the container. */
export type Handler = {
  type: 'agent' | 'shell';
  /** The agent whose events the standard output has; absent where command and args decide. */
  agent?: string;
  command: readonly string[];
  args: readonly string[];
  /** The prompt template as it was when the profile was loaded; undefined for a shell without one. */
  prompt: { path: string; text: string } | undefined;
  promptVariables: readonly PromptVariable[];
};

/** How it runs; undefined means the default of the service's configuration. */
export type Runtime = Record<ProfileLimit['name'], number | undefined> & {
  image: string;
  setupScript: string | undefined;
  readOnlyRoot: boolean;
  /** `uid:gid`. */
  user: string | undefined;
  /** A list of hosts, or the name of one of the engine's networks, which the policy listed. */
  network: 'open' | 'none' | { allow: readonly string[] } | { name: string } | undefined;
  /** One of the engine's OCI runtimes; undefined is its default. */
  ociRuntime: string | undefined;
  env: Readonly<Record<string, string>>;
  /** What the flags set that no key of the runtime can set. */
  dockerArgs: Pick<DockerArgs, 'mounts' | 'ulimits' | 'addHosts' | 'dns' | 'workdir' | 'hostname' | 'labels'>;
};

/** Which commit a run works on; `auto` is the pull request's head for events about one, else the default branch. */
export type CheckoutRule = {
  from: 'auto' | 'default-branch' | 'event-commit' | 'pull-request-head' | 'pull-request-merge' | 'ref';
  ref: string | undefined;
  /** Commits of history in the clone; undefined is all of it. */
  depth: number | undefined;
  /** Whose agent configuration a pull request's workspace has. */
  agentConfig: 'base' | 'head';
};

/** What is posted on GitHub about a run. */
export type ReportRule = {
  reaction: boolean;
  comment: 'on-failure' | 'always' | 'never';
  /** A check run on the pull request's commit. */
  check?: boolean;
  /** The profile's own texts, in the language of prompts. */
  templates?: { running?: string; ended?: string; refused?: string };
};

/** The most that a profile's runs may come to in a day (UTC): how many, and how many minutes. */
export type Budget = { runs?: number; minutes?: number };

/** GitHub's names of permissions, and how much of each. */
export type GitHubPermissions = Readonly<Record<string, 'read' | 'write' | 'admin'>>;

/** Credentials named by the profile itself, besides those it mounts. */
type CredentialRule = LoginGrants & {
  /** `permissions` undefined: what a mounted token may do. `env` is the variable that it is exported as, too; `app` the secret whose App alone gives it. */
  github: { permissions: GitHubPermissions | undefined; env?: string; app?: string } | undefined;
  secrets: readonly SecretGrant[];
};

/** How often, and after what, a run is tried again. */
export type RetryRule = {
  /** In all. */
  attempts: number;
  backoffSec: number;
  on: 'before-start' | 'fault' | 'failure';
};

/** What becomes of the commits of a run that succeeded. */
export type PublishRule = {
  /** A pull request of its own, commits on the branch of the pull request that the run is about, or a comment with the patch. */
  as: 'pull-request' | 'pull-request-branch' | 'patch';
  /** Templates over PUBLISH_NAMES. */
  branch: string;
  title: string;
  body: string;
  draft: boolean;
  /** How a pull request names the issue that the run is about. */
  link: 'closes' | 'refers' | 'none';
  labels: readonly string[];
  reviewers: readonly string[];
  /** Slugs. */
  teamReviewers: readonly string[];
  assignees: readonly string[];
  /** Whom commits may name besides the service: `Name <mail>`, or a mail that may have any name. */
  authors: readonly string[];
  limits: {
    files: number;
    bytes: number;
    binaryBytes: number;
    /** Patterns of paths; an empty list allows all. */
    allow: readonly string[];
    deny: readonly string[];
    workflows: boolean;
    /** Whether pointers of Git LFS may come or go. */
    lfs: boolean;
  };
};

/** The group that a run takes turns in, as a template over attributes, and what happens while another has its turn. */
export type ConcurrencyRule = { group: string; onBusy: 'queue' | 'replace' | 'drop' };

/** A merged, complete, checked profile: plain data, saved with each run as it was at admission. */
export type Profile = {
  /** Folder below the profiles directory, `.` at its root. */
  path: string;
  description: string | undefined;
  trigger: Trigger;
  allow: Allow;
  execution: { handler: Handler; runtime: Runtime };
  credentials: CredentialRule;
  checkout: CheckoutRule;
  concurrency?: ConcurrencyRule;
  retry: RetryRule;
  report: ReportRule;
  budget?: Budget;
  publish: PublishRule | undefined;
};

/** A profile with its trigger lists expanded to scalars. */
export type Candidate = {
  profile: Profile;
  conditions: Readonly<Partial<Record<AttributeName, Scalar>>>;
  labels: readonly string[] | undefined;
  filter: string | undefined;
};

/** One candidate compared with one event: the first condition that failed, or none. */
export type CandidateResult = {
  profile: string;
  trigger: Readonly<Record<string, unknown>>;
  matched: boolean;
  failed: { condition: string; wanted: unknown; actual: unknown } | null;
};

/** A profile as any version since the first may have stored it: keys that came later may be absent. */
type StoredProfile = Omit<Profile, 'checkout' | 'credentials' | 'retry' | 'publish'> & {
  checkout: Omit<Profile['checkout'], 'agentConfig'> & Partial<Profile['checkout']>;
  credentials: Partial<Profile['credentials']>;
  retry?: Profile['retry'];
  publish?: Omit<PublishRule, 'authors' | 'limits'> & {
    authors?: PublishRule['authors'];
    limits: Omit<PublishRule['limits'], 'lfs'> & { lfs?: boolean };
  };
};

/** Before `retry` there was one attempt. */
const ONE_ATTEMPT = { attempts: 1, backoffSec: 1, on: 'before-start' } as const;

/** The profile that is stored with a run or a report, as the version of now has it: runs keep theirs for ever. */
export function readStoredProfile(json: string): Profile {
  const stored = JSON.parse(json) as StoredProfile;
  const { checkout, credentials, retry = ONE_ATTEMPT, publish } = stored;
  return {
    ...stored,
    checkout: { agentConfig: 'base', ...checkout },
    credentials: { github: undefined, ...loginGrants(), secrets: [], ...credentials },
    retry,
    publish: publish && { authors: [], ...publish, limits: { lfs: false, ...publish.limits } },
  };
}
