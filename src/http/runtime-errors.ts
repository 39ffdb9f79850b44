import { Refusal } from '../ingress/errors.ts';

/** 401: no bearer, or not that of an active run. */
export function bearerRefused(isThere: boolean): Refusal {
  return new Refusal(
    401,
    {
      code: 'runtime_bearer_refused',
      message: isThere
        ? 'The bearer is not that of an active run.'
        : 'The request carries no bearer: Authorization: Bearer …',
      hint: 'Send what the run has in /run/secrets/runtime-token; it ends with the run.',
    },
    { 'www-authenticate': 'Bearer realm="github-flows"' },
  );
}

/** 404: the run's token is one from a file, which is not given out here. */
export function runtimeAppMissing(): Refusal {
  return new Refusal(404, {
    code: 'runtime_app_missing',
    message: 'No GitHub App serves the repository of this run, so there is no token to make.',
    hint: 'Add an App with `github-flows app add`; inside the container /run/secrets/gh-token holds the token file’s.',
  });
}

/** 429: more requests than anybody needs. */
export function runtimeTooOften(seconds: number): Refusal {
  return new Refusal(
    429,
    {
      code: 'runtime_too_often',
      message: 'Too many requests for tokens.',
      hint: `Send the next request in ${seconds} s; one token lasts for many minutes, as expires_at says.`,
    },
    { 'retry-after': String(seconds) },
  );
}

/** 500: GitHub, or what stands between, gave no token; the log has the cause. */
export function runtimeTokenFailed(code: string, cause: unknown): Refusal {
  return new Refusal(500, {
    code: 'runtime_token_failed',
    blame: 'github',
    message: `GitHub gave no token for this run (${code}).`,
    hint: 'Send it again in a minute; the log of the service says more, and docs/errors.md what the code means.',
    cause,
  });
}
