import { expect, test } from 'vitest';
import { type Blame, FlowError } from '../../src/base/errors.ts';
import { preflight } from '../../src/flow/credentials/preflight.ts';

const issue = (code: string, blame: Blame = 'operator') =>
  new FlowError({ code, blame, message: `${code} is wrong.`, hint: `Fix ${code}.` });

const failing = (error: Error) => async (): Promise<string> => {
  throw error;
};

test('what every check gives is given, in order', async () => {
  expect(await preflight<[number, string]>([async () => 1, async () => 'two'])).toEqual([1, 'two']);
});

test('a single error is thrown as it is', async () => {
  const one = issue('token_file_missing');
  await expect(preflight([async () => 1, failing(one)])).rejects.toBe(one);
});

test('several are thrown at once, each with its hint, and all checks were made', async () => {
  const seen: string[] = [];
  const checks = ['a', 'b'].map((name) => async () => {
    seen.push(name);
    throw issue(name);
  });
  await expect(preflight(checks)).rejects.toMatchObject({
    code: 'grants_not_ready',
    message: '2 of the credentials that the run is granted are not ready: (1) a is wrong. (2) b is wrong.',
    hint: '(1) Fix a. (2) Fix b.',
  });
  expect(seen).toEqual(['a', 'b']);
});

test('an error that does not pass by itself decides, also beside one of GitHub’s that may', async () => {
  const both = [failing(issue('github_unreachable', 'github')), failing(issue('token_file_missing'))];
  await expect(preflight(both)).rejects.toMatchObject({ blame: 'operator' });
  const github = [failing(issue('github_unreachable', 'github')), failing(issue('other', 'github'))];
  await expect(preflight(github)).rejects.toMatchObject({ blame: 'github' });
});

test('a check that throws at once, before it gives a promise, is an error like any other', async () => {
  const check = (): Promise<string> => {
    throw issue('at_once');
  };
  await expect(preflight([check])).rejects.toMatchObject({ code: 'at_once' });
});
