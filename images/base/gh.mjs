// Puts the pinned gh into a folder: gh.mjs <amd64|arm64> <folder>. Where the release cannot be fetched, or is not
// what gh.json says, the folder stays empty, and the image gets Debian's.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [platform, folder] = process.argv.slice(2);
const pin = JSON.parse(readFileSync(join(import.meta.dirname, 'gh.json'), 'utf8'));
const archive = join(folder, 'gh.tar.gz');

async function download() {
  const address = pin.address.replaceAll('{version}', pin.version).replaceAll('{platform}', platform);
  const response = await fetch(address, { signal: AbortSignal.timeout(60_000) });
  if (!response.ok) throw new Error(`GitHub answered ${response.status}`);
  const body = Buffer.from(await response.arrayBuffer());
  const sha256 = createHash('sha256').update(body).digest('hex');
  if (sha256 !== pin.sha256[platform])
    throw new Error(`what came has the SHA-256 ${sha256}, not the pinned one`);
  return body;
}

try {
  writeFileSync(archive, await download());
  execFileSync('tar', ['-xzf', archive, '-C', folder, '--strip-components=2', '--wildcards', '*/bin/gh']);
} catch (error) {
  const why = error.cause?.message ?? error.message;
  console.log(`gh ${pin.version} cannot be fetched here (${why}); the image gets Debian's.`);
} finally {
  rmSync(archive, { force: true });
}
