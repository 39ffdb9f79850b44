import { CHANGE_LIMITS } from '../limits.ts';

/** How much of what an agent left is looked at and told; more of it says nothing more. */
export const LEFT_LIMITS = { names: 20, branches: 50, worktrees: 10, stashes: 5, commits: 1_000 } as const;

/**
 * $1 is the base, $2 the branch. Tells what of a repository is not in the commits that are published, as records that
 * NUL ends: git's own `XY path`, and ours, which begin with `#`; behind `#patch` comes what they hold as a patch. As in
 * the script that makes bundles, git stands in an empty directory, and what its configuration runs runs here.
 */
export const LEFT_SCRIPT = `
cd /tmp || exit 41
r=/workspace/repo
seconds=${CHANGE_LIMITS.lookSec}
g() { timeout "$seconds" git --git-dir="$r/.git" -c core.fsmonitor=false -c core.hooksPath=/dev/null -c core.bigFileThreshold=16m -c advice.addEmbeddedRepo=false "$@"; }
say() { printf '#%s\\0' "$*"; }
records() { tr -cd '\\0' <"$1" | wc -c; }
own=$(g rev-parse --quiet --verify "refs/heads/$2^{commit}")
taken=$(g rev-parse --quiet --verify 'HEAD^{commit}')
if [ -n "$own" ] && [ "$own" != "$1" ]; then taken=$own; fi
beyond() { g rev-list --count --max-count=${LEFT_LIMITS.commits} "$1" "^$base" \${taken:+"^$taken"} --not --remotes --; }
base=$1
status() { git_dir=$1; tree=$2; timeout "$seconds" git --git-dir="$git_dir" --work-tree="$tree" -c core.fsmonitor=false -c core.hooksPath=/dev/null status --porcelain=v1 -z --no-renames --untracked-files=normal; }
status "$r/.git" "$r" >/tmp/status || exit 41
say files "$(records /tmp/status)"
head -z -n ${LEFT_LIMITS.names} /tmp/status
stashes=$(g rev-list --walk-reflogs --count refs/stash -- 2>/dev/null) || stashes=0
if [ "$stashes" != 0 ]; then say stash "$stashes"; fi
g for-each-ref --count=${LEFT_LIMITS.branches} --format='%(refname)' refs/heads >/tmp/branches
: >/tmp/left
while IFS= read -r ref; do
  count=$(beyond "$ref") || continue
  if [ "$count" = 0 ]; then continue; fi
  say branch "$count" "\${ref#refs/heads/}"
  printf '%s\\n' "$ref" >>/tmp/left
done </tmp/branches
detached=0
detach() {
  count=$(beyond "$1") || count=0
  if [ "$count" != 0 ]; then detached=$((detached + count)); printf '%s\\n' "$1" >>/tmp/left; fi
}
if ! g symbolic-ref --quiet HEAD >/dev/null; then detach HEAD; fi
trees=0
for dir in "$r"/.git/worktrees/*; do
  if [ ! -f "$dir/gitdir" ] || [ "$trees" = ${LEFT_LIMITS.worktrees} ]; then continue; fi
  trees=$((trees + 1))
  at=$(head -c 64 "$dir/HEAD")
  case $at in *[!0-9a-f]* | '') ;; *) detach "$at" ;; esac
  tree=$(head -c 4096 "$dir/gitdir")
  tree=\${tree%/.git}
  case $tree in /workspace/*) ;; *) continue ;; esac
  status "$dir" "$tree" >/tmp/status-of || continue
  count=$(records /tmp/status-of)
  if [ "$count" != 0 ]; then say worktree "$count" "\${tree#/workspace/}"; fi
done
if [ "$detached" != 0 ]; then say head "$detached"; fi
say patch
patch() { g "$@" --binary --full-index --no-color --no-ext-diff --no-textconv; }
seconds=20
if [ -s /tmp/status ] && [ -n "$taken" ]; then
  mkdir /tmp/objects
  (
    export GIT_INDEX_FILE=/tmp/index GIT_OBJECT_DIRECTORY=/tmp/objects GIT_ALTERNATE_OBJECT_DIRECTORIES="$r/.git/objects"
    if cp "$r/.git/index" /tmp/index && g --work-tree="$r" add -A; then patch diff --cached HEAD; else exit 1; fi
  ) || g --work-tree="$r" diff --binary --full-index --no-color --no-ext-diff --no-textconv HEAD
fi
at=0
while [ "$at" -lt "$stashes" ] && [ "$at" -lt ${LEFT_LIMITS.stashes} ]; do
  printf '\\n# stash@{%s}\\n\\n' "$at"
  patch diff "stash@{$at}^1" "stash@{$at}"
  if g rev-parse --quiet --verify "stash@{$at}^3" >/dev/null; then patch diff-tree -p --root "stash@{$at}^3"; fi
  at=$((at + 1))
done
while IFS= read -r ref; do
  printf '\\n# %s\\n\\n' "$ref"
  patch diff "$base...$ref"
done </tmp/left
exit 0
`;
