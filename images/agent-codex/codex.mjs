// Puts the pinned Codex into a folder: codex.mjs <amd64|arm64> <folder>. npm fetches the package, so that whatever
// registry, proxy and roots it is set up for are used; the checksum of codex.json decides whether it is the right one.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** What a run needs: Codex, the host its tools run in, and the two helpers it starts. Voice files stay behind. */
const PARTS = [
  'bin/codex',
  'bin/codex-code-mode-host',
  'codex-path/rg',
  'codex-resources/bwrap',
  'codex-package.json',
];

const [arch, folder] = process.argv.slice(2);
const platform = arch === 'amd64' ? 'x64' : arch;
const pin = JSON.parse(readFileSync(join(import.meta.dirname, 'codex.json'), 'utf8'));
const name = pin.package.replace('{version}', pin.version).replace('{platform}', platform);

if (!pin.sha512[platform]) fail(`Codex is not pinned for the architecture ${arch}.`);
console.log(`Fetching ${name} with npm (170 MB).`);
execFileSync('npm', ['pack', name, '--silent', '--pack-destination', folder], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
const archive = join(
  folder,
  readdirSync(folder).find((file) => file.endsWith('.tgz')),
);
const sha512 = createHash('sha512').update(readFileSync(archive)).digest('base64');
if (sha512 !== pin.sha512[platform]) fail(`${name} has the SHA-512 ${sha512}, which is not the pinned one.`);
const members = PARTS.map((part) => `package/vendor/*/${part}`);
execFileSync('tar', ['-xzf', archive, '-C', folder, '--strip-components=3', '--wildcards', ...members]);
rmSync(archive);

function fail(message) {
  console.error(message);
  process.exit(1);
}
