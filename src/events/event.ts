import type { EmitterWebhookEvent, EmitterWebhookEventName } from '@octokit/webhooks';

/** A value that a trigger compares by strict equality. */
export type Scalar = string | number | boolean | null;

/** What `trigger` may name, besides `labels` and `filter`. Absent from an event means: no trigger on it matches. */
export const ATTRIBUTES = [
  'event',
  'action',
  'repository',
  'actorLogin',
  'actorType',
  'authorAssociation',
  'issueNumber',
  'isPullRequest',
  'isFork',
  'branch',
  'command',
  'labelName',
] as const;

/** The name of one attribute. */
export type AttributeName = (typeof ATTRIBUTES)[number];

/** The repository an event is about, as GitHub names it; `id` is GitHub's number, which survives renames. */
export type EventRepository = {
  id: number;
  fullName: string;
  owner: string;
  name: string;
  /** Undefined when the payload does not say; GitHub's own always do. */
  defaultBranch: string | undefined;
  private: boolean;
};

/** Who caused an event. `type` is GitHub's word: `User`, `Bot`, `Organization`, … */
export type EventActor = { login: string; id: number | undefined; type: string | undefined };

/** The pull request an event is about; the heads are known only when the payload carries the pull request itself. */
export type EventPullRequest = {
  number: number;
  headSha: string | undefined;
  headRef: string | undefined;
  headRepositoryId: number | undefined;
  /** Whether the head lies in another repository, by GitHub's ids; undefined when the payload does not say. */
  isFork: boolean | undefined;
  baseSha: string | undefined;
  baseRef: string | undefined;
};

/** A delivery, parsed: attributes a trigger may match, and the payload whose scalars a prompt may use. */
export type FlowEvent = {
  deliveryId: string;
  name: string;
  action: string | undefined;
  repository: EventRepository | undefined;
  actor: EventActor | undefined;
  /** Names of the labels the issue or pull request carries. */
  labels: readonly string[];
  attributes: Readonly<Partial<Record<AttributeName, Scalar>>>;
  pullRequest: EventPullRequest | undefined;
  /** The commit the event names (push, check_run, workflow_run, …): 40 hex digits, 64 where SHA-256 is used. */
  commit: string | undefined;
  payload: Readonly<Record<string, unknown>>;
};

/** Every event that GitHub's own library knows; a delivery may name others, which are read all the same. */
export type EventName = Exclude<EmitterWebhookEventName, `${string}.${string}`>;

/** An event's payload by the types of GitHub's own library. What arrives is checked by `Fields`, whatever these types claim. */
export type PayloadOf<Name extends EventName> = EmitterWebhookEvent<Name>['payload'];
