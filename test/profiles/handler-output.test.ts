import fc from 'fast-check';
import { expect, test } from 'vitest';
import { codex } from '../../src/agents/codex/codex.ts';
import { AGENTS } from '../../src/compose/agents.ts';
import { eventsOf } from '../../src/profiles/handler-output.ts';

const of = (...words: string[]) => eventsOf({ command: words.slice(0, 1), args: words.slice(1) }, AGENTS);
const shell = (text: string) => of('bash', '-lc', text);

test.each([
  ['the program itself', of('codex', 'exec', '--json', '-')],
  ['its short name', of('/usr/local/bin/codex', '-m', 'gpt-5', 'e', '--skip-git-repo-check', '--json')],
  ['behind other programs', of('timeout', '60', 'env', 'A=b', 'codex', 'exec', '--json')],
  ['a package', of('npx', '-y', '@openai/codex@0.169.0', 'exec', '--json')],
  ['a shell text', shell('export A="$(cat f)"; exec codex exec --json -C /workspace/repo')],
  ['after tests', shell('npm test; codex exec --json')],
  ['over several lines', shell('set -e\ncodex \\\n  exec \\\n  --json\n')],
  ['in a group, with a condition', shell('if true; then { codex exec --json; }; fi && git log')],
  ['copied into a file', shell('codex exec --json 2>err.log | tee events.jsonl')],
  ['in a shell of a shell', shell("su -c 'codex exec --json' user")],
  ['in a substitution of nothing', shell('codex exec "--json" </run/github-flows/prompt.md')],
  ['handed to a shell', of('sh', '-c', 'exec "$@"', 'x', 'codex', 'exec', '--json')],
])('output is Codex’s where the handler runs codex exec --json: %s', (_, events) => {
  expect(events).toBe(codex.events);
});

test.each([
  ['another program', of('claude', '-p', '--json')],
  ['no events asked for', shell('exec codex exec --dangerously-bypass-approvals-and-sandbox')],
  ['no exec', of('codex', 'login', '--json')],
  ['only spoken of', shell('echo codex exec --json; cat CHANGELOG.jsonl')],
  ['only quoted', shell('printf "%s" "codex exec --json"')],
  ['only a comment', shell('cat CHANGELOG.jsonl # codex exec --json')],
  ['an argument of the prompt', of('codex', 'exec', '--', '--json')],
  ['two commands', shell('codex exec; jq --json')],
  ['into a file', shell('codex exec --json >events.jsonl; tail -1 events.jsonl')],
  ['through a filter', shell("codex exec --json | jq -r 'select(.item)'")],
  ['a file of that name', shell('cat codex exec --json')],
])('output is plain text otherwise: %s', (_, events) => {
  expect(events).toBeUndefined();
});

test('what the profile says counts before what its command shows', () => {
  expect(eventsOf({ agent: 'codex', command: ['/opt/agent.sh'], args: [] }, AGENTS)).toBe(codex.events);
});

test('any shell text can be looked at', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void shell(text)));
});
