# Has Codex refresh the login in CODEX_HOME, and ends: https://developers.openai.com/codex/app-server
# Nobody outside has a part in it, so it goes on when the service dies in the middle: refresh tokens are single-use, and
# the one that comes in exchange would be lost. The limit is far beyond any answer that could still come.

print() { cksum <"$CODEX_HOME/auth.json"; }

# Reads answers until the one to request $1; what Codex says besides is not for us.
await() {
  while IFS= read -r line <&4; do
    case $line in
    *'"method":'*) ;;
    *"\"id\":$1,"* | *"\"id\":$1}"*) return 0 ;;
    esac
  done
  echo 'github-flows: Codex ended without an answer.' >&2
  exit 1
}

umask 077
mkfifo in out || exit 1
before=$(print)
timeout 300 codex app-server <in >out &
exec 3>in 4<out

echo '{"id":1,"method":"initialize","params":{"clientInfo":{"name":"github-flows","version":"1"}}}' >&3
await 1
echo '{"method":"initialized"}' >&3
# A token with under five minutes left is refreshed before the first answer; asking as well would refresh it twice.
if [ "$(print)" = "$before" ]; then
  echo '{"id":2,"method":"account/read","params":{"refreshToken":true}}' >&3
  await 2
fi
