import type { NewDelivery } from '../../../src/deliveries/delivery.ts';

let made = 0;

/** A delivery that nobody has seen, of its own id and body; `over` says what is different. */
export function newDelivery(over: Partial<NewDelivery> = {}): NewDelivery {
  made += 1;
  return {
    id: `delivery-${made}`,
    event: 'issue_comment',
    headers: { 'user-agent': 'GitHub-Hookshot' },
    body: Buffer.from(`{"number": ${made}}`),
    action: 'created',
    repository: 'owner/repository',
    uniqueBody: true,
    ...over,
  };
}
