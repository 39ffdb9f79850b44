import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';

/** One entry of a tree, whatever its name is. */
export type Entry = {
  mode: '100644' | '100755' | '120000' | '40000' | '160000';
  name: string | Buffer;
  id: string;
};

/** Writes objects of any kind into a bare repository, past every check that git makes. */
export function forgeOf(path: string) {
  const write = (type: string, content: Buffer): string => {
    const whole = Buffer.concat([Buffer.from(`${type} ${content.length}\0`), content]);
    const id = createHash('sha1').update(whole).digest('hex');
    mkdirSync(join(path, 'objects', id.slice(0, 2)), { recursive: true });
    writeFileSync(join(path, 'objects', id.slice(0, 2), id.slice(2)), deflateSync(whole, { level: 1 }));
    return id;
  };
  const tree = (entries: readonly Entry[]): string =>
    write(
      'tree',
      Buffer.concat(
        entries.flatMap(({ mode, name, id }) => [
          Buffer.from(`${mode} `),
          Buffer.from(name),
          Buffer.from('\0'),
          Buffer.from(id, 'hex'),
        ]),
      ),
    );
  const head = (root: string, parents: readonly string[], message: string): string =>
    write(
      'commit',
      Buffer.from(
        `tree ${root}\n${parents.map((id) => `parent ${id}\n`).join('')}author a <a@b> 1700000000 +0000\ncommitter a <a@b> 1700000000 +0000\n\n${message}\n`,
      ),
    );
  return {
    blob: (content: string | Buffer): string => write('blob', Buffer.from(content)),
    tree,
    commit: (root: string, parents: readonly string[] = [], message = 'x'): string =>
      head(root, parents, message),
    tag: (id: string, type: string): string =>
      write('tag', Buffer.from(`object ${id}\ntype ${type}\ntag t\ntagger a <a@b> 1700000000 +0000\n\nt\n`)),
    /** A commit whose tree is files with these contents. */
    files: (contents: Readonly<Record<string, string | Buffer>>): string =>
      head(
        tree(
          Object.entries(contents)
            .toSorted(([a], [b]) => (a < b ? -1 : 1))
            .map(([name, content]) => ({ mode: '100644', name, id: write('blob', Buffer.from(content)) })),
        ),
        [],
        'x',
      ),
    /** Ten entries that are one tree, `levels` deep. */
    nest: (inmost: string, levels: number): string => {
      let id = inmost;
      for (let level = 0; level < levels; level += 1)
        id = tree([...'abcdefghij'].map((name) => ({ mode: '40000', name, id })));
      return id;
    },
    /** A pack of one blob of zeros and `count` deltas that each copy it whole and add a byte; gives a commit with all of them. */
    deltas: (baseBytes: number, count: number): string => {
      const pack = deltaPack(baseBytes, count);
      const name = join(path, 'objects/pack', `pack-${'d'.repeat(40)}`);
      writeFileSync(`${name}.pack`, pack.bytes);
      writeFileSync(`${name}.idx`, pack.index);
      return head(
        tree(
          pack.ids.map((id, index) => ({ mode: '100644', name: `f${String(index).padStart(4, '0')}`, id })),
        ),
        [],
        'x',
      );
    },
  };
}

/** With its index, so that no git has to unfold it here: https://git-scm.com/docs/pack-format */
function deltaPack(baseBytes: number, count: number): { bytes: Buffer; index: Buffer; ids: string[] } {
  const base = Buffer.alloc(baseBytes);
  const ids = [blobId(base)];
  const unfolded = createHash('sha1')
    .update(`blob ${baseBytes + 2}\0`)
    .update(base);
  const objects = [Buffer.concat([objectHeader(3, baseBytes), deflateSync(base)])];
  for (let index = 0; index < count; index += 1) {
    const added = Buffer.from([1 + (index >> 7), index & 0x7f]);
    const delta = Buffer.concat([
      varint(baseBytes),
      varint(baseBytes + added.length),
      copyAll(baseBytes),
      Buffer.from([added.length]),
      added,
    ]);
    ids.push(unfolded.copy().update(added).digest('hex'));
    objects.push(
      Buffer.concat([objectHeader(7, delta.length), Buffer.from(ids[0] ?? '', 'hex'), deflateSync(delta)]),
    );
  }
  const head = Buffer.concat([Buffer.from('PACK'), numbers([2, objects.length])]);
  const bytes = signed(Buffer.concat([head, ...objects]));
  return { bytes, index: indexOf(bytes, ids, objects), ids };
}

function indexOf(pack: Buffer, ids: readonly string[], objects: readonly Buffer[]): Buffer {
  let at = 12;
  const rows = objects.map((object, index) => {
    const row = { id: Buffer.from(ids[index] ?? '', 'hex'), crc: crc32(object), at };
    at += object.length;
    return row;
  });
  rows.sort((a, b) => a.id.compare(b.id));
  const fanOut = Array.from(
    { length: 256 },
    (_, byte) => rows.filter(({ id }) => (id[0] ?? 0) <= byte).length,
  );
  return signed(
    Buffer.concat([
      Buffer.from([0xff, 0x74, 0x4f, 0x63]),
      numbers([2, ...fanOut]),
      ...rows.map(({ id }) => id),
      numbers(rows.map(({ crc }) => crc)),
      numbers(rows.map((row) => row.at)),
      pack.subarray(-20),
    ]),
  );
}

function numbers(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4);
  return bytes;
}

function signed(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, createHash('sha1').update(bytes).digest()]);
}

function blobId(content: Buffer): string {
  return createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
}

function objectHeader(type: number, size: number): Buffer {
  const bytes = [(type << 4) | (size & 15)];
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) | 0x80;
    bytes.push(rest & 0x7f);
  }
  return Buffer.from(bytes);
}

function varint(size: number): Buffer {
  const bytes: number[] = [];
  for (let rest = size; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 0x7f) | 0x80);
  }
}

/** Copies of at most 0xffffff bytes, one after the other. */
function copyAll(size: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < size; at += 0xffffff) {
    const part = Buffer.alloc(8);
    part[0] = 0xff;
    part.writeUInt32LE(at, 1);
    part.writeUIntLE(Math.min(0xffffff, size - at), 5, 3);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
