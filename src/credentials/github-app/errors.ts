import { FlowError } from '../../base/errors.ts';
import { quoted } from '../../base/text.ts';
import type { Installation } from '../../github/app-api.ts';
import type { AppSecret } from './record.ts';

/** The owner of the installation, or GitHub, has suspended it. */
export function installationSuspended(name: string, { account, url }: Installation): FlowError {
  return new FlowError({
    code: 'app_installation_suspended',
    blame: 'operator',
    message: `The installation of the App ${name} on ${account} is suspended, so that it mints no tokens.`,
    hint: `Have an owner of ${account} unsuspend it${url === '' ? ' in the settings of the account (Applications, Installed GitHub Apps)' : `: ${url}`}.`,
  });
}

/** The App is there, but not on this repository, and there is nothing else to use. */
export function appNotInstalled(names: readonly string[], repository: string): FlowError {
  return new FlowError({
    code: 'app_not_installed',
    blame: 'operator',
    message: `${names.length === 1 ? 'The App' : 'None of the Apps'} ${names.join(', ')} is ${names.length === 1 ? 'not ' : ''}installed on ${repository}, and there is no gh-token file.`,
    hint: `Install the App on ${repository} (its page on GitHub, Install App; with selected repositories, add this one), or put a token into SECRETS_DIR/gh-token.`,
  });
}

/** The installation lacks a permission that a profile needs. */
export function permissionMissing(
  name: string,
  repository: string,
  missing: readonly string[],
  { account, url }: Installation,
): FlowError {
  return new FlowError({
    code: 'app_permission_missing',
    blame: 'operator',
    message: `The App ${name} does not have ${missing.join(', ')} on ${repository}.`,
    hint: `Give the App the permission in its settings on GitHub (Permissions & events), and have an owner of ${account} accept it${url === '' ? '' : `: ${url}`}; or ask for less in the profile’s credentials.github.permissions.`,
  });
}

/** GitHub knows the installation but not the repository in it: it was renamed, removed or taken out meanwhile. */
export function repositoryNotReached(name: string, repository: string, issue: FlowError): FlowError {
  return new FlowError({
    code: 'app_repository_missing',
    blame: 'operator',
    message: `The installation of the App ${name} does not reach ${repository} any more. ${issue.message}`,
    hint: `See that ${repository} still has this name, and add it to the installation on GitHub.`,
    cause: issue.cause,
  });
}

/** What the secret holds is not one App. */
export function appSecretInvalid({ profile, name }: AppSecret, why: string, cause?: FlowError): FlowError {
  return new FlowError({
    code: 'app_secret_invalid',
    blame: 'operator',
    message: `The secret ${name}, which the profile ${profile} names in credentials.github.app, holds no App that can be used. ${why}`,
    hint: `Store the App there as \`app add --file\` takes it: \`github-flows secret set ${name} < app.json\`.${cause ? ` ${cause.hint}` : ''}`,
    cause,
  });
}

/** Nothing takes the place of an App that a profile names; `why` completes the sentence. Without a repository it serves none here. */
export function appSecretNotServing(
  { profile, name }: AppSecret,
  app: string,
  repository: string | undefined,
  why: string,
): FlowError {
  const install = repository === undefined ? 'Correct' : `Install the App on ${repository}, correct`;
  return new FlowError({
    code: 'app_secret_not_serving',
    blame: 'operator',
    message: `The App ${app}, which the profile ${profile} takes from the secret ${name}, does not serve ${repository ?? 'any repository here'}: it ${why}.`,
    hint: `${install} its apiUrl or urlPattern in the secret ${name}, or have the profile name another secret in credentials.github.app. No other App and no token file takes its place.`,
  });
}

/** Nothing by that name is stored. */
export function appNotFound(wanted: string, known: readonly string[]): FlowError {
  return new FlowError({
    code: 'app_not_found',
    blame: 'operator',
    message: wanted === '' ? 'There is no App yet.' : `There is no App ${quoted(wanted)}.`,
    hint:
      known.length === 0
        ? 'Add one with `github-flows app create` or `github-flows app add`.'
        : `Those there are: ${known.join(', ')}.`,
  });
}
