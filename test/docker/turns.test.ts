import { afterEach, expect, test } from 'vitest';
import type { NumberedLine } from '../../src/containers/output/log-sink.ts';
import { makeHandlerMark, readHandlerMark } from '../../src/flow/output/handler-mark.ts';
import { type ContainerRun, containerRun, type PlanChanges, runAs } from '../support/engine/container-run.ts';

let run: ContainerRun;
afterEach(async () => await run.dispose());

/** A run whose start script was told a mark, as the service tells it; gives the mark. */
async function marked(script: string, changes: PlanChanges = {}): Promise<string> {
  run = containerRun(script, changes);
  await makeHandlerMark(run, runAs);
  return (await readHandlerMark(run.log)) ?? '';
}

test('the handler’s start is known from a mark that nothing before it can find, and that is not kept', async () => {
  const setupScript = `
    cat /workspace/.github-flows-mark /run/github-flows/* /proc/*/environ /proc/*/cmdline 2>/dev/null | tr '\\0' '\\n' >/workspace/found
    echo set up; echo early >/proc/1/fd/1`;
  const mark = await marked('cat /workspace/found; echo now; ls -A /workspace', { setupScript });
  const heard: NumberedLine[] = [];
  const end = await run.run({ mark, onLine: (line) => void heard.push(line) });
  expect(end).toMatchObject({ endedBy: 'exit', exitCode: 0 });
  const begin = heard.findIndex(({ start }) => start);
  const texts = (lines: NumberedLine[]): string[] => lines.map(({ stream, text }) => `${stream}: ${text}`);
  expect(texts(heard.slice(0, begin)).toSorted()).toEqual(['stderr: set up', 'stdout: early']);
  expect(texts(heard.slice(begin + 1))).toContain('stdout: now');
  expect(await run.text('stdout')).not.toContain(mark);
  expect(await run.text('stdout')).not.toContain('\n.github-flows-mark\n');
  expect(mark).toMatch(/[0-9a-z]{26}$/);
});

test('a service that takes a run up knows that its handler had begun', async () => {
  const mark = await marked('echo one; sleep 300');
  const id = await run.start();
  const detach = new AbortController();
  const first = run.supervise(id, {
    mark,
    detach: detach.signal,
    onLine: ({ text }) => void (text === 'one' && detach.abort()),
  });
  await expect(first).rejects.toThrow('the container was left');
  const heard: NumberedLine[] = [];
  await run.supervise(id, {
    mark,
    onLine: (line) => void heard.push(line),
    isDone: () => true,
    doneGraceMs: 1,
  });
  expect(heard[0]).toMatchObject({ start: true, replayed: true, text: '' });
  expect(await run.text('stdout')).toBe('one\n');
});

test('an agent that is done and prints on is stopped when its time is over, and counts as done', async () => {
  await marked('echo done; while :; do echo tick >&2; sleep 0.1; done');
  let isDone = false;
  const end = await run.run({
    onLine: ({ text }) => {
      isDone ||= text === 'done';
    },
    isDone: () => isDone,
    doneGraceMs: 500,
  });
  expect(end).toMatchObject({ endedBy: 'done' });
});

test('a variable of the image’s or the profile’s that is called like the mark’s does not take it along', async () => {
  const mark = await marked('env; [ ! -e /workspace/.github-flows-mark ]', { env: { gf_mark: 'x' } });
  expect(await run.run({ mark })).toMatchObject({ exitCode: 0 });
  expect(await run.text('stdout')).not.toContain('gf_mark=github-flows');
});
