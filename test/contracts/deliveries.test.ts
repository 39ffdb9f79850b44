import { describe, expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../src/db/open.ts';
import { createDeliveryStore } from '../../src/deliveries/delivery-store.ts';
import { eachDatabase } from '../support/databases/databases.ts';
import { newDelivery } from '../support/databases/new-delivery.ts';
import { settableClock } from '../support/suite/fake-clock.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

eachDatabase((_kind, databases) => {
  const setup = async () => {
    const clock = settableClock();
    const { db, place } = await databases.open();
    return { clock, db, place, store: createDeliveryStore(db, clock) };
  };

  describe('storing', () => {
    test('a delivery comes back as it went, byte for byte', async () => {
      const { store, clock } = await setup();
      const body = Buffer.from([...Buffer.from('{"a": "é"}'), 0, 255, 254]);
      const one = newDelivery({ id: 'one', body });
      expect(await store.store(one)).toEqual({ duplicateOf: null });
      expect(one.body.length).toBe(body.length);
      expect(await store.body('one')).toEqual(body);
      expect(await store.find('one')).toEqual({
        id: 'one',
        event: 'issue_comment',
        action: 'created',
        repository: 'owner/repository',
        receivedAt: clock.time,
        decision: null,
      });
    });

    test('a body of 25 MB fits', async () => {
      const { store } = await setup();
      const body = Buffer.alloc(25 * 1024 * 1024, 'x');
      await store.store(newDelivery({ id: 'big', body }));
      expect((await store.body('big'))?.equals(body)).toBe(true);
    });

    test('an unknown id has nothing', async () => {
      const { store } = await setup();
      expect(await store.find('nobody')).toBeUndefined();
      expect(await store.body('nobody')).toBeUndefined();
      await store.decide('nobody', { reason: 'matched', message: '', profile: null, runId: null });
      expect(await store.list({ limit: 10 })).toEqual([]);
    });

    test('the App that signed it is known with it', async () => {
      const { store } = await setup();
      await store.store(newDelivery({ id: 'signed', signedBy: 'Iv1.aaaaaaaaaaaaaaaa@api.github.com' }));
      expect(await store.find('signed')).toMatchObject({ signedBy: 'Iv1.aaaaaaaaaaaaaaaa@api.github.com' });
    });

    test('an empty text is not the same as none', async () => {
      const { store } = await setup();
      await store.store(newDelivery({ id: 'empty', action: '', repository: null, body: Buffer.alloc(0) }));
      expect(await store.find('empty')).toMatchObject({ action: '', repository: null });
      expect(await store.body('empty')).toEqual(Buffer.alloc(0));
    });

    test('what is stored is seen by another process’s store at once', async () => {
      const { store, place, clock } = await setup();
      const other = await openDatabase(place);
      onTestFinished(() => other.close());
      await store.store(newDelivery({ id: 'shared' }));
      const elsewhere = createDeliveryStore(other, clock);
      expect(await elsewhere.find('shared')).toBeDefined();
      expect(await elsewhere.store(newDelivery({ id: 'shared' }))).toEqual({ duplicateOf: 'shared' });
    });
  });

  describe('duplicates', () => {
    test('a delivery with a known id is a duplicate, whatever its body', async () => {
      const { store } = await setup();
      await store.store(newDelivery({ id: 'one', body: Buffer.from('first') }));
      expect(await store.store(newDelivery({ id: 'one' }))).toEqual({ duplicateOf: 'one' });
      expect(await store.body('one')).toEqual(Buffer.from('first'));
    });

    test('the same bytes are a duplicate whatever the headers, and for ever when only one event can have them', async () => {
      const { store, clock } = await setup();
      const body = Buffer.from('{"comment": {"id": 1, "created_at": "now"}}');
      await store.store(newDelivery({ id: 'one', body }));
      clock.time += 1_000_000 * MINUTE;
      expect(await store.store(newDelivery({ body, event: 'push' }))).toEqual({ duplicateOf: 'one' });
    });

    test('other bytes are remembered for as long as GitHub delivers again, with or without the body itself', async () => {
      const { store, clock } = await setup();
      const again = () =>
        store.store(newDelivery({ body: Buffer.from('{"zen": "Keep it simple."}'), uniqueBody: false }));
      const known = { duplicateOf: expect.stringMatching(/^delivery-/) };
      expect(await again()).toEqual({ duplicateOf: null });
      const [{ id = '' } = {}] = await store.list({ limit: 1 });
      await store.decide(id, { reason: 'no_profile_matched', message: '', profile: null, runId: null });
      await store.removeBodies([id]);
      clock.time += 3 * DAY - 1;
      expect(await again()).toEqual(known);
      clock.time += 1;
      expect(await again()).toEqual({ duplicateOf: null });
      clock.time += DAY;
      expect(await again()).toEqual(known);
      expect((await store.list({ limit: 10 })).length).toBe(2);
    });

    test('other bytes that started a run are remembered for thirty days', async () => {
      const { store, clock } = await setup();
      const again = (id: string) =>
        store.store(newDelivery({ id, body: Buffer.from('{"ref": "main"}'), uniqueBody: false }));
      await again('one');
      await store.decide('one', { reason: 'run_queued', message: '', profile: 'a', runId: 'run-1' });
      clock.time += 30 * DAY - 1;
      expect(await again('two')).toEqual({ duplicateOf: 'one' });
      clock.time += 1;
      expect(await again('three')).toEqual({ duplicateOf: null });
    });

    test('duplicates among deliveries that wait together are found in order', async () => {
      const { store } = await setup();
      const same = Buffer.from('same');
      const known = Buffer.from('known');
      await store.store(newDelivery({ id: 'old', body: known }));
      const results = await Promise.all([
        store.store(newDelivery({ id: 'a', body: same })),
        store.store(newDelivery({ id: 'b', body: same })),
        store.store(newDelivery({ id: 'a' })),
        store.store(newDelivery({ id: 'a', body: same })),
        store.store(newDelivery({ id: 'c', body: known })),
        store.store(newDelivery({ id: 'c', body: Buffer.from('other') })),
        store.store(newDelivery({ id: 'old' })),
      ]);
      expect(results.map((result) => result.duplicateOf)).toEqual([null, 'a', 'a', 'a', 'old', null, 'old']);
      expect(await store.body('c')).toEqual(Buffer.from('other'));
      expect((await store.list({ limit: 10 })).length).toBe(3);
    });

    test('of a thousand copies that come at once, one is new', async () => {
      const { store } = await setup();
      const body = Buffer.from('copied');
      const results = await Promise.all(
        Array.from({ length: 1000 }, () => store.store(newDelivery({ body }))),
      );
      expect(results.filter((result) => result.duplicateOf === null).length).toBe(1);
      expect(new Set(results.map((result) => result.duplicateOf)).size).toBe(2);
    });
  });

  describe('lists and decisions', () => {
    test('lists have the newest deliveries first, and undecided ones the oldest first, in the order they came', async () => {
      const { store } = await setup();
      const ids = Array.from({ length: 250 }, (_, index) => `d${index}`);
      await Promise.all(ids.map((id) => store.store(newDelivery({ id }))));
      expect((await store.undecided({ limit: 500 })).map(({ id }) => id)).toEqual(ids);
      expect((await store.list({ limit: 3 })).map(({ id }) => id)).toEqual(['d249', 'd248', 'd247']);
      expect((await store.undecided({ limit: 2 })).map(({ id }) => id)).toEqual(['d0', 'd1']);
    });

    test('a decision is kept with its delivery and takes it off the undecided', async () => {
      const { store } = await setup();
      await store.store(newDelivery({ id: 'one' }));
      const decision = { reason: 'matched', message: 'It matched.', profile: 'fix', runId: 'run-1' };
      await store.decide('one', decision);
      expect((await store.find('one'))?.decision).toEqual(decision);
      expect(await store.undecided({ limit: 10 })).toEqual([]);
      const other = { reason: 'no_match', message: '', profile: null, runId: null };
      await store.decide('one', other);
      expect((await store.list({ limit: 1 }))[0]?.decision).toEqual(other);
    });

    test('a decision inside a transaction that fails was never made', async () => {
      const { store, db } = await setup();
      await store.store(newDelivery({ id: 'one' }));
      const failing = db.transaction(async (trx) => {
        await store.decide('one', { reason: 'matched', message: '', profile: '.', runId: 'run-1' }, trx);
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      expect((await store.find('one'))?.decision).toBeNull();
    });
  });

  test('text that PostgreSQL does not take is stored all the same', async () => {
    const { store } = await setup();
    await store.store(newDelivery({ id: 'nul', action: 'a\0b', repository: 'o/\ud800' }));
    expect((await store.find('nul'))?.action).toMatch(/^a.b$/s);
  });
});
