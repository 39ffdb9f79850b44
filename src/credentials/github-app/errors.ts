import { FlowError } from '../../base/errors.ts';
import type { Installation } from '../../github/app-api.ts';

/** The owner of the installation, or GitHub, has put it to sleep. */
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

/** The installation was not given what a profile asks for. */
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
export function repositoryNotReached(name: string, repository: string, fault: FlowError): FlowError {
  return new FlowError({
    code: 'app_repository_missing',
    blame: 'operator',
    message: `The installation of the App ${name} does not reach ${repository} any more. ${fault.message}`,
    hint: `See that ${repository} still has this name, and add it to the installation on GitHub.`,
    cause: fault.cause,
  });
}

/** Nothing by that name is stored. */
export function appNotFound(wanted: string, known: readonly string[]): FlowError {
  return new FlowError({
    code: 'app_not_found',
    blame: 'operator',
    message:
      wanted === '' ? 'There is no App yet.' : `There is no App ${JSON.stringify(wanted.slice(0, 100))}.`,
    hint:
      known.length === 0
        ? 'Add one with `github-flows app create` or `github-flows app add`.'
        : `Those there are: ${known.join(', ')}.`,
  });
}
