import { CHANGE_LIMITS } from '../confined-git.ts';

/** How much of what an agent left is looked at and reported; more would help nobody. */
export const LEFT_LIMITS = {
  names: 20,
  branches: 50,
  tags: 50,
  moves: 200,
  worktrees: 10,
  stashes: 5,
  commits: 1_000,
} as const;

/**
 * $1 is the base, $2 the branch, $since the second in which the clone was made. Prints what of a repository is not in the
 * commits that are published, as records that NUL ends: git's own `XY path`, and ours, which begin with `#`; `#patch` is
 * followed by all of it as a patch. As in the script that makes bundles, git runs in an empty directory, and programs
 * that its configuration names run here.
 *
 * A status is that of a copy of the index in which nothing is assumed to be unchanged, and as in a sparse checkout,
 * where git looks at what it would skip when it is there. The reflog has where HEAD was when it was reset or switched to
 * another branch; commits that were amended or rebased have successors, and so has a commit with the same files as one
 * that is taken.
 */
export const LEFT_SCRIPT = `
cd /tmp || exit 41
r=/workspace/repo
seconds=${CHANGE_LIMITS.lookSec}
g() { timeout "$seconds" git --git-dir="$r/.git" -c core.fsmonitor=false -c core.hooksPath=/dev/null -c core.bigFileThreshold=16m -c advice.addEmbeddedRepo=false "$@"; }
record() { printf '#%s\\0' "$*"; }
records() { tr -cd '\\0' <"$1" | wc -c; }
own=$(g rev-parse --quiet --verify "refs/heads/$2^{commit}")
taken=$(g rev-parse --quiet --verify 'HEAD^{commit}')
if [ -n "$own" ] && [ "$own" != "$1" ]; then taken=$own; fi
beyond() { g rev-list --count --max-count=${LEFT_LIMITS.commits} "$1" "^$base" \${taken:+"^$taken"} --not --remotes --; }
base=$1
at_work() {
  git_dir=$1; tree=$2; index=$3; shift 3
  GIT_INDEX_FILE=$index timeout "$seconds" git --git-dir="$git_dir" --work-tree="$tree" -c core.fsmonitor=false -c core.hooksPath=/dev/null -c core.untrackedCache=false -c core.sparseCheckout=true "$@"
}
status() {
  rm -f "$3"
  if [ -f "$1/index" ]; then cp -p "$1/index" "$3" || return 41; fi
  at_work "$@" ls-files -v -z | sed -nz 's/^[a-z] //p' >/tmp/assumed
  if [ -s /tmp/assumed ]; then at_work "$@" update-index -z --no-assume-unchanged --stdin </tmp/assumed; fi
  at_work "$@" status --porcelain=v1 -z --no-renames --untracked-files=normal
}
status "$r/.git" "$r" /tmp/index >/tmp/status || exit 41
record files "$(records /tmp/status)"
head -z -n ${LEFT_LIMITS.names} /tmp/status
stashes=$(g rev-list --walk-reflogs --count refs/stash -- 2>/dev/null) || stashes=0
if [ "$stashes" != 0 ]; then record stash "$stashes"; fi
g for-each-ref --count=${LEFT_LIMITS.branches} --format='%(refname)' refs/heads >/tmp/branches
: >/tmp/left
while IFS= read -r ref; do
  count=$(beyond "$ref") || continue
  if [ "$count" = 0 ]; then continue; fi
  record branch "$count" "\${ref#refs/heads/}"
  printf '%s\\n' "$ref" >>/tmp/left
done </tmp/branches
head=$(g rev-parse --quiet --verify 'HEAD^{commit}')
kept_by=
unreachable() { g rev-list --count --max-count=${LEFT_LIMITS.commits} --max-age="$since" "$@" "^$base" \${taken:+"^$taken"} --not \${head:+HEAD} --remotes --branches $kept_by -- 2>/dev/null; }
g for-each-ref --sort=-creatordate --count=${LEFT_LIMITS.tags} --format='%(refname)' refs/tags >/tmp/tags
while IFS= read -r ref; do
  count=$(unreachable "$ref") || continue
  if [ "$count" = 0 ]; then continue; fi
  record tag "$count" "\${ref#refs/tags/}"
  printf '%s\\n' "$ref" >>/tmp/left
done </tmp/tags
g rev-list --max-count=${LEFT_LIMITS.commits} --format=%T \${taken:+"$taken"} "^$base" -- 2>/dev/null | grep -v '^commit ' >/tmp/trees
g log --walk-reflogs --max-count=${LEFT_LIMITS.moves} --format='%H %T %gs' HEAD -- >/tmp/moves 2>/dev/null
kept_by=--tags
: >/tmp/lost
moved=
while read -r id files move; do
  case $moved in
    reset:* | checkout:*)
      if ! grep -qxF -e "$files" /tmp/trees && count=$(unreachable "$id") && [ "$count" != 0 ] && ! grep -qxF -e "$id" /tmp/lost; then printf '%s\\n' "$id" >>/tmp/lost; fi ;;
  esac
  moved=$move
done </tmp/moves
if [ -s /tmp/lost ]; then record reflog "$(unreachable $(cat /tmp/lost))"; cat /tmp/lost >>/tmp/left; fi
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
  status "$dir" "$tree" /tmp/index-of >/tmp/status-of || continue
  count=$(records /tmp/status-of)
  if [ "$count" != 0 ]; then record worktree "$count" "\${tree#/workspace/}"; fi
done
if [ "$detached" != 0 ]; then record head "$detached"; fi
record patch
patch() { g "$@" --binary --full-index --no-color --no-ext-diff --no-textconv; }
seconds=20
if [ -s /tmp/status ] && [ -n "$taken" ]; then
  mkdir /tmp/objects
  (
    export GIT_OBJECT_DIRECTORY=/tmp/objects GIT_ALTERNATE_OBJECT_DIRECTORIES="$r/.git/objects"
    if at_work "$r/.git" "$r" /tmp/index add -A --sparse; then export GIT_INDEX_FILE=/tmp/index; patch diff --cached HEAD; else exit 1; fi
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
