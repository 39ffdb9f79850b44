import { posix } from 'node:path';
import { parseBytes } from '../base/bytes.ts';
import type { Fault } from '../base/errors.ts';
import { imageNameFault } from '../base/image-name.ts';
import { jsonPointer } from '../base/json.ts';
import { CEILING_LIMITS } from '../base/run-limits.ts';
import { policyWrongValue } from './errors.ts';
import type { Ceilings, Policy } from './policy.ts';
import type { WrittenPolicy } from './schema.ts';

/** The engine refuses less memory, and no clone fits into less. */
const LEAST_SIZE_BYTES = 6 * 1024 ** 2;

/** The policy that was written, with sizes in bytes; or what no schema can say is wrong with it. */
export function buildPolicy(written: WrittenPolicy, file: string): { policy: Policy } | { faults: Fault[] } {
  const faults: Fault[] = [];
  const ceilings = toCeilings(written.ceilings ?? {}, file, faults);
  faults.push(...imageFaults(written.images ?? [], file));
  for (const [index, { source }] of (written.mounts ?? []).entries()) {
    if (isNormal(source)) continue;
    const path = jsonPointer('mounts', index, 'source');
    const what = `is ${JSON.stringify(source.slice(0, 200))}, which is no path in normal form`;
    faults.push(
      policyWrongValue(file, path, what, 'an absolute path without `.`, `..`, `//` and a final slash'),
    );
  }
  if (faults.length > 0) return { faults };
  return {
    policy: {
      file,
      images: written.images?.map((rule) =>
        typeof rule === 'string' ? { name: rule, digests: undefined } : rule,
      ),
      mounts: (written.mounts ?? []).map(({ source, writable = false, unsearched }) => ({
        source,
        writable,
        ...(unsearched ? { unsearched } : {}),
      })),
      volumes: (written.volumes ?? []).map(({ name, writable = false }) => ({ name, writable })),
      networks: written.networks ?? [],
      privateHosts: (written.privateHosts ?? []).map((host) => host.toLowerCase()),
      runtimes: written.runtimes ?? [],
      rootUser: written.rootUser ?? false,
      ...(written.users ? { users: written.users } : {}),
      ceilings,
    },
  };
}

/** A rule that no name of an image could match would silently allow nothing. */
function imageFaults(rules: NonNullable<WrittenPolicy['images']>, file: string): Fault[] {
  return rules.flatMap((rule, index) => {
    const isName = typeof rule === 'string';
    const name = isName ? rule : rule.name;
    const wrong = imageNameFault(name.replaceAll('*', 'x'));
    if (wrong === undefined) return [];
    const path = isName ? jsonPointer('images', index) : jsonPointer('images', index, 'name');
    const what = `is ${JSON.stringify(name.slice(0, 200))}, which ${wrong}`;
    return [policyWrongValue(file, path, what, 'the name of an image, with * for anything but a slash')];
  });
}

function toCeilings(
  written: NonNullable<WrittenPolicy['ceilings']>,
  file: string,
  faults: Fault[],
): Ceilings {
  const ceilings: Ceilings = written.network === undefined ? {} : { network: written.network };
  for (const { name, key, unit } of CEILING_LIMITS) {
    const value = written[key];
    if (value === undefined) continue;
    const most = unit === 'bytes' ? parseBytes(String(value)) : Number(value);
    if (most !== undefined && (unit !== 'bytes' || most >= LEAST_SIZE_BYTES)) ceilings[name] = most;
    else faults.push(sizeWrong(file, key, value));
  }
  return ceilings;
}

function sizeWrong(file: string, key: string, value: string | number): Fault {
  const what = `is ${JSON.stringify(value).slice(0, 80)}, which is no size of at least 6 MiB`;
  return policyWrongValue(file, jsonPointer('ceilings', key), what, 'a size such as "512m" or "4g"');
}

function isNormal(path: string): boolean {
  return path.isWellFormed() && !/[\p{C}\p{Zl}\p{Zp}]/u.test(path) && posix.resolve(path) === path;
}
