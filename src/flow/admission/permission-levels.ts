/** GitHub's levels, each including those before it: https://docs.github.com/organizations/managing-user-access-to-your-organizations-repositories */
const LEVELS = ['none', 'read', 'triage', 'write', 'maintain', 'admin'];

/** Whether `actual` includes `wanted`; a level that is not GitHub's reaches nothing. */
export function permissionReaches(actual: string, wanted: string): boolean {
  const least = LEVELS.indexOf(wanted);
  return least >= 0 && LEVELS.indexOf(actual) >= least;
}
