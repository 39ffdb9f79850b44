import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { startScriptedAgent } from '../../support/engine/scripted-agent.ts';
import type { TestService } from '../../support/service/service.ts';

let service: TestService;
afterEach(async () => await service.close());

/** A tree that is as hard to go through and to remove as an agent without any capability can make it. */
const HOSTILE_TREE = `
  cd /workspace
  mkdir locked empty && echo x > locked/x && chmod 000 locked empty
  mkdir readonly && echo x > readonly/x && chmod 500 readonly
  mkfifo fifo
  socat UNIX-LISTEN:socket,fork EXEC:true & sleep 0.3
  perl -e 'for (1..10000) { mkdir "d" or die; chdir "d" or die }'
  perl -e 'my $n = "n" x 255; for (1..40) { mkdir $n or die; chdir $n or die } open F, ">", $n'
  perl -e 'for my $n ("-rf", "a\\nb", "\\xff\\xfe", " ", "*", "--", "\\\\") { open F, ">", $n or die } open F, ">", "-rf --no-preserve-root"'
  cp /bin/sh setuid && chmod 6755 setuid
  ln setuid hard
  ln -s / root; ln -s /etc/passwd passwd; ln -s . round; ln -s OUTSIDE outside; ln -s OUTSIDE/kept file
  truncate -s 4T holes
  mkdir many && perl -e 'for (1..3000) { open F, ">", "many/$_" }'
  cp /run/secrets/gh-token found
  chmod 000 found; chmod 711 many
`;

test('whatever an agent leaves is searched and removed, in time, and nothing beside it is touched', async () => {
  service = await startScriptedAgent();
  const outside = mkdtempSync(join(tmpdir(), 'gf-outside-'));
  try {
    mkdirSync(join(outside, 'kept'));
    writeFileSync(join(outside, 'kept/file'), 'kept');
    const before = lstatSync('/etc/passwd').ctimeMs;
    const run = await service.run(HOSTILE_TREE.replaceAll('OUTSIDE', outside));
    expect(run, service.output(run.id)).toMatchObject({ outcome: 'succeeded' });
    expect((run.endedAt ?? 0) - (run.startedAt ?? 0)).toBeLessThan(60_000);
    expect(existsSync(join(service.config.workspaceRoot, 'octo/hello'))).toBe(false);
    expect(readdirSync(join(outside, 'kept'))).toEqual(['file']);
    expect(lstatSync('/etc/passwd').ctimeMs).toBe(before);
    const timeline = await service.app.runs.timeline(run.id);
    const cut = timeline.find(({ kind }) => kind === 'search_cut');
    expect(cut?.text).toContain('more than 200 folders below each other');
    expect(cut?.text).toContain('longer than 64 MiB');
    const found = timeline.find(({ kind }) => kind === 'secret_found');
    if (process.getuid?.() === 0) expect(found?.data.files).toEqual(['workspace/found']);
    else expect(cut?.text).toContain('cannot be read');
  } finally {
    rmSync(outside, { recursive: true });
  }
}, 120_000);

test('a failed run’s hostile workspace is removed by the sweep when its time is over', async () => {
  service = await startScriptedAgent({ env: { KEEP_FAILED_HOURS: '0.0001' } });
  const run = await service.run(`${HOSTILE_TREE}\nexit 1`);
  expect(run.reason?.code).toBe('agent_failed');
  await service.stop();
  await service.start();
  const place = join(service.config.workspaceRoot, 'octo/hello', run.id);
  const end = Date.now() + 60_000;
  while (existsSync(place) && Date.now() < end) await new Promise((done) => setTimeout(done, 50));
  expect(existsSync(place)).toBe(false);
}, 120_000);
