/** One webhook request as GitHub sent it, before it is stored; `headers` holds only those that are kept. */
export type NewDelivery = {
  id: string;
  event: string;
  headers: Readonly<Record<string, string>>;
  body: Buffer;
  action: string | null;
  repository: string | null;
  /** Whether the body carries an object with an id and a timestamp, so that the same bytes are the same event for ever. */
  uniqueBody: boolean;
  /** The key of the GitHub App whose secret signed it; none for the service's own webhook secret. */
  signedBy?: string | null;
};

/** What became of a delivery; `reason` is a code of docs/errors.md, `run` when it became one. */
export type Decision = {
  reason: string;
  message: string;
  profile: string | null;
  runId: string | null;
  /** When no profile matched: the first candidates in order of preference, each with the first condition that failed. */
  candidates?: readonly CandidateOutcome[];
};

/** One candidate and the first of its conditions that the event fails; JSON values only. */
export type CandidateOutcome = {
  profile: string;
  failed: { condition: string; wanted: unknown; actual: unknown } | null;
};

/** A stored delivery without its body; times in milliseconds since 1970. `decision` is null until admission decided. */
export type Delivery = {
  id: string;
  event: string;
  action: string | null;
  repository: string | null;
  receivedAt: number;
  decision: Decision | null;
  /** Only where a GitHub App signed it: the App's key. */
  signedBy?: string;
};
