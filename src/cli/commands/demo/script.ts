import type { ModelScript } from './model.ts';

/** The address of OpenAI for Codex in its container. */
const FORWARDED_PORT = 8765;

/** The commands of the demo's model, in order: read, fix, test, commit. Without quotes where Codex would double them. */
const GREETER_COMMANDS = [
  'cat greet.sh && sh greet.sh',
  'sed -i s/1!/{1:-world}!/ greet.sh',
  'sh greet.sh && sh greet.sh Mona',
  "git commit -q -a -m 'Greet the world when no name is given' && git log -1 --format='committed %h'",
];

/** The script of the demo: fixes the greeter, shows that it works, commits, and answers. */
export const greeterScript: ModelScript = ({ outputs }) => {
  const next = GREETER_COMMANDS[outputs.length];
  if (next !== undefined) return { run: next };
  const last = outputs.at(-1) ?? '';
  const commit = /\bcommitted ([0-9a-f]{7,40})\b/.exec(last)?.[1];
  return {
    say: commit
      ? `Without a name, greet.sh now greets the world; a name is greeted as before. I ran it both ways and committed the change as ${commit}.`
      : `I could not fix greet.sh; the last command printed: ${last.trim()}`,
  };
};

/**
 * The `config.toml` with which Codex asks the scripted model behind `socket` (a path in the container) and nobody else.
 * The command that Codex runs for a credential starts the forwarder, so no command line needs to; it then gives the
 * access token of the login, if there is one, as a provider's own command would.
 */
export function scriptedModelConfig(socket: string): string {
  const url = `http://127.0.0.1:${FORWARDED_PORT}`;
  return `model_provider = "scripted"
chatgpt_base_url = "${url}/backend-api"

[analytics]
enabled = false

# Both would look for hosts that cannot be reached, and wait for them.
[features]
plugins = false
apps = false

[model_providers.scripted]
name = "A scripted model, not OpenAI"
base_url = "${url}/v1"
wire_api = "responses"

[model_providers.scripted.auth]
command = "bash"
args = ["-c", '''
setsid socat TCP-LISTEN:${FORWARDED_PORT},bind=127.0.0.1,reuseaddr,fork UNIX-CONNECT:${socket} < /dev/null > /dev/null 2>&1 &
for try in {1..100}; do
  (: < /dev/tcp/127.0.0.1/${FORWARDED_PORT}) 2> /dev/null && break
  sleep 0.02
done
token=$(sed -n 's/.*"access_token": *"\\([^"]*\\)".*/\\1/p' "\${CODEX_HOME:-$HOME/.codex}/auth.json" 2> /dev/null)
echo "\${token:-none}"
''']
`;
}
