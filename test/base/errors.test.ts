import { expect, test } from 'vitest';
import { asFlowError, FlowError } from '../../src/base/errors.ts';

test('the error that a start failed with is kept when its clean-up fails too, and every step of it runs', async () => {
  const first = new FlowError({ code: 'first', blame: 'operator', message: 'It failed.', hint: 'Fix it.' });
  const steps: string[] = [];
  const start = async (): Promise<void> => {
    await using disposables = new AsyncDisposableStack();
    for (const step of ['one', 'two', 'three'])
      disposables.defer(() => {
        steps.push(step);
        throw new Error(`${step} failed`);
      });
    throw first;
  };
  const error = await start().catch((thrown: unknown) => thrown);
  expect(asFlowError(error)).toBe(first);
  expect(steps).toEqual(['three', 'two', 'one']);
});
