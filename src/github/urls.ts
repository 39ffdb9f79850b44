import { gitHubNameRefused } from './errors.ts';

/** Throws `name_refused` unless both can be names of GitHub's, and so plain parts of an address. */
export function checkRepositoryName(owner: string, name: string): void {
  if (!isPlain(owner)) throw gitHubNameRefused('owner', owner);
  if (!isPlain(name)) throw gitHubNameRefused('repository', name);
}

/** Throws `name_refused` unless `login` can be the login of a user or, with `[bot]`, of an app. */
export function checkLogin(login: string): void {
  if (typeof login !== 'string' || !isPlain(login.replace(/\[bot\]$/, '')))
    throw gitHubNameRefused('login', login);
}

/** The parts of a team's name `org/slug`. Throws `name_refused` unless both can be names of GitHub's. */
export function checkTeam(team: string): { org: string; slug: string } {
  const [org = '', slug = '', ...rest] = team.split('/');
  if (!isPlain(org) || !isPlain(slug) || rest.length > 0) throw gitHubNameRefused('team', team);
  return { org, slug };
}

function isPlain(value: unknown): boolean {
  return (
    typeof value === 'string' && /^[A-Za-z0-9._-]{1,100}$/.test(value) && value !== '.' && value !== '..'
  );
}
