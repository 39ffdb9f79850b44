const LEVELS = ['read', 'write', 'admin'];

/** The wanted permissions compared with those of an installation. */
type PermissionMatch = {
  /** As much of what is wanted as there is; never empty, for an empty set would be everything. */
  granted: Record<string, string>;
  /** What is wanted beyond that, as `contents: write`. */
  missing: string[];
};

/** Compares the `wanted` permissions with those that an installation `has`; a lower level is granted where the wanted one is missing. */
export function matchPermissions(
  wanted: Readonly<Record<string, string>>,
  has: Readonly<Record<string, string>>,
): PermissionMatch {
  const granted: Record<string, string> = {};
  const missing: string[] = [];
  for (const [name, level] of Object.entries(wanted).toSorted()) {
    const hasLevel = Object.hasOwn(has, name) ? LEVELS.indexOf(has[name] ?? '') : -1;
    const wantedLevel = LEVELS.indexOf(level);
    if (hasLevel < wantedLevel) missing.push(`${name}: ${level}`);
    const given = LEVELS[Math.min(hasLevel, wantedLevel)];
    // `workflows` has one level, so that less of it is none: https://docs.github.com/rest/apps/apps#create-an-installation-access-token-for-an-app
    if (given !== undefined && (name !== 'workflows' || given === 'write')) granted[name] = given;
  }
  if (Object.keys(granted).length === 0) granted.metadata = 'read';
  return { granted, missing };
}

/** Each permission of the sets, at its highest level among them. */
export function highestPermissions(
  sets: readonly Readonly<Record<string, string>>[],
): Record<string, string> {
  const highest: Record<string, string> = {};
  for (const [name, level] of sets.flatMap(Object.entries<string>))
    if (LEVELS.indexOf(level) > LEVELS.indexOf(highest[name] ?? '')) highest[name] = level;
  return highest;
}
