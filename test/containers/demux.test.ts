import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createDemuxer } from '../../src/containers/output/demux.ts';

const AT = '2026-01-02T03:04:05.123456789Z';

function frame(type: number, body: string | Buffer): Buffer {
  const bytes = Buffer.from(body);
  const header = Buffer.alloc(8);
  header[0] = type;
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

const read = (...chunks: Buffer[]) => {
  const demuxer = createDemuxer();
  return chunks.flatMap((chunk) => demuxer.push(chunk));
};

test('entries are the same however the stream is cut into chunks', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 40 }).map((value) => value.replaceAll('\n', ' '));
  const entry = fc.record({ type: fc.constantFrom(1, 2), text, ends: fc.boolean() });
  fc.assert(
    fc.property(fc.array(entry), fc.array(fc.nat(400)), (entries, cuts) => {
      const frames = entries.map((one) => frame(one.type, `${AT} ${one.text}${one.ends ? '\n' : ''}`));
      const whole = Buffer.concat(frames);
      const places = [0, ...cuts.map((cut) => Math.min(cut, whole.length)), whole.length].toSorted(
        (a, b) => a - b,
      );
      const chunks = places.slice(1).map((end, index) => whole.subarray(places[index], end));
      expect(read(...chunks)).toEqual(
        entries.map((one) => ({
          at: AT,
          stream: one.type === 2 ? 'stderr' : 'stdout',
          text: one.text,
          ends: one.ends,
          bytes: Buffer.byteLength(one.text) + (one.ends ? 1 : 0),
        })),
      );
    }),
  );
});

test('a carriage return stays, and only the newline at the end is taken', () => {
  expect(read(frame(1, `${AT} 10%\r20%\r\n`))[0]).toMatchObject({ text: '10%\r20%\r', ends: true });
});

test('bytes that are no UTF-8 become replacement characters', () => {
  const body = Buffer.concat([Buffer.from(`${AT} a`), Buffer.from([0xff, 0xc3]), Buffer.from('b\n')]);
  expect(read(frame(1, body))[0]?.text).toBe('a\ufffd\ufffdb');
});

test('times of other engines are brought to UTC with nine digits', () => {
  expect(read(frame(1, '2026-01-02T05:04:05.12+02:00 x\n'))[0]?.at).toBe('2026-01-02T03:04:05.120000000Z');
  expect(read(frame(1, '2026-01-02T03:04:05Z x\n'))[0]?.at).toBe('2026-01-02T03:04:05.000000000Z');
});

test('a stream that is not multiplexed, a giant frame and an entry without a time are refused', () => {
  for (const bytes of [Buffer.from('plain text, no frames'), frame(7, 'x'), frame(1, 'no time here')])
    expect(() => read(bytes)).toThrow(expect.objectContaining({ code: 'engine_answer_invalid' }));
  const giant = frame(1, '');
  giant.writeUInt32BE(0xffffffff, 4);
  expect(() => read(giant)).toThrow(expect.objectContaining({ code: 'engine_answer_invalid' }));
});
