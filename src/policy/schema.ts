import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import type { Issue } from '../base/errors.ts';
import { jsonPointer } from '../base/json.ts';
import type { CeilingLimit, WrittenLimits } from '../base/run-limits.ts';
import { quoted } from '../base/text.ts';
import { nearest } from '../base/words.ts';
import { policyUnknownKey, policyWrongValue } from './errors.ts';
import schema from './policy.schema.json' with { type: 'json' };
import type { NetworkReach } from './policy.ts';

/** A policy as it is written, valid by the schema. */
export type WrittenPolicy = {
  images?: (string | { name: string; digests: string[] })[];
  mounts?: { source: string; writable?: boolean; unsearched?: boolean }[];
  volumes?: { name: string; writable?: boolean }[];
  networks?: string[];
  privateHosts?: string[];
  runtimes?: string[];
  rootUser?: boolean;
  users?: string[];
  ceilings?: WrittenLimits<CeilingLimit> & { network?: NetworkReach };
};

/** Compiled at the first need, and kept: the policy is read again whenever it changes. */
let validate: ValidateFunction | undefined;

/** Checks a parsed policy against policy.schema.json. */
export function checkPolicySchema(
  value: unknown,
  file: string,
): { written: WrittenPolicy } | { issues: Issue[] } {
  validate ??= new Ajv2020({ allErrors: true, verbose: true, allowUnionTypes: true }).compile(schema);
  if (validate(value)) return { written: value as WrittenPolicy };
  const errors = (validate.errors ?? []).filter(({ keyword }) => keyword !== 'if');
  return { issues: firstOfEachPlace(errors).map((error) => translate(error, file)) };
}

/** A value of the wrong type fails other rules too; only its type is reported. */
function firstOfEachPlace(errors: readonly ErrorObject[]): ErrorObject[] {
  const wrongType = new Map<string, ErrorObject>();
  for (const error of errors)
    if (error.keyword === 'type' && !wrongType.has(error.instancePath))
      wrongType.set(error.instancePath, error);
  return errors.filter((error) => (wrongType.get(error.instancePath) ?? error) === error);
}

function translate(error: ErrorObject, file: string): Issue {
  const { instancePath: path, keyword, params } = error;
  const wanted = (error.parentSchema?.description as string | undefined) ?? 'see docs/policy.md';
  if (keyword === 'additionalProperties') {
    const key = String(params.additionalProperty);
    const known = Object.keys((error.parentSchema?.properties as object | undefined) ?? {});
    return policyUnknownKey(file, path + jsonPointer(key), nearest(key.slice(0, 100), known));
  }
  if (keyword === 'required')
    return policyWrongValue(file, path, `lacks the key \`${params.missingProperty}\``, wanted);
  return policyWrongValue(file, path, `is ${quoted(error.data)}, which ${complaint(error)}`, wanted);
}

function complaint({ keyword, params, message, data }: ErrorObject): string {
  if (keyword === 'type') return `is not of the type ${[params.type].flat().join(' or ')}`;
  if (keyword === 'enum') {
    const known = params.allowedValues as string[];
    return `is none of ${known.join(', ')}; the nearest is ${quoted(nearest(String(data).slice(0, 100), known))}`;
  }
  if (keyword === 'pattern') return 'does not have the form that is wanted';
  return String(message);
}
