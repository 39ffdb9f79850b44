import { FlowError } from '../base/errors.ts';
import { gitHubError } from './request-error.ts';

/** An error of GitHub’s client as one of an App: its hints are about keys and installations, not about tokens. */
export function appError(name: string, error: unknown): FlowError {
  const issue = gitHubError(`the App ${name}`, error);
  const words = WORDS[issue.code];
  return words ? reworded(words(name), issue) : issue;
}

/** The same for a token that was not minted, where GitHub's answers mean something more. */
export function mintError(
  name: string,
  installation: { id: number; settingsUrl: string },
  error: unknown,
): FlowError {
  const issue = gitHubError(`the App ${name}`, error);
  const known = BY_SENTENCE.find(({ code, sentence }) => code === issue.code && sentence.test(issue.message));
  if (known) return reworded(known.words(installation.settingsUrl), issue);
  const words = MINT_WORDS[issue.code];
  return words ? reworded(words(name, installation.id), issue) : appError(name, issue);
}

type Words = { code: string; hint: string };

const WORDS: Readonly<Record<string, (name: string) => Words>> = {
  github_token_refused: (name) => ({
    code: 'app_key_refused',
    hint: `Make a new private key in the App’s settings on GitHub (General, Private keys) and give it to \`github-flows app add\`, with the App id or client id shown there; \`github-flows app test ${name}\` tries it. A clock that is far off does this too.`,
  }),
  github_refused: (name) => ({
    code: 'app_refused',
    hint: `See in the App’s settings on GitHub whether it or its owner was blocked, and run \`github-flows app test ${name}\`.`,
  }),
  github_not_found: (name) => ({
    code: 'app_unknown',
    hint: `See that the App ${name} still exists on GitHub, that its id is right, and that its API URL is that of its host.`,
  }),
};

/** Errors that only GitHub’s sentence distinguishes: https://docs.github.com/rest/apps/apps#create-an-installation-access-token-for-an-app */
const BY_SENTENCE: readonly { code: string; sentence: RegExp; words: (settingsUrl: string) => Words }[] = [
  {
    code: 'github_invalid',
    sentence: /permissions requested are not granted/i,
    words: (url) => ({
      code: 'app_permissions_not_accepted',
      hint: `Have an owner of the account accept the new permissions of the App ${url === '' ? 'in its settings on GitHub (Applications, Installed GitHub Apps, Review request)' : `at ${url}/permissions/update`}.`,
    }),
  },
  {
    code: 'github_refused',
    sentence: /IP allow list/i,
    words: () => ({
      code: 'app_refused',
      hint: 'Have an owner of the organisation put the address that this host is seen with on its IP allow list (Settings, Authentication security).',
    }),
  },
  {
    code: 'github_refused',
    sentence: /suspended/i,
    words: (url) => ({
      code: 'app_installation_suspended',
      hint: `Have an owner of the account unsuspend the App ${url === '' ? 'in its settings on GitHub (Applications, Installed GitHub Apps)' : `at ${url}`}.`,
    }),
  },
];

const MINT_WORDS: Readonly<Record<string, (name: string, installation: number) => Words>> = {
  github_not_found: (name, installation) => ({
    code: 'app_installation_gone',
    hint: `Installation ${installation} was removed: install the App again on GitHub. \`github-flows app test ${name}\` lists what is there.`,
  }),
  github_invalid: (name) => ({
    code: 'app_request_refused',
    hint: `Give the installation this repository and the permissions that were asked for, in the App’s settings on GitHub; \`github-flows app test ${name}\` says what is missing.`,
  }),
};

function reworded({ code, hint }: Words, issue: FlowError): FlowError {
  return new FlowError({ code, hint, blame: 'operator', message: issue.message, cause: issue.cause });
}
