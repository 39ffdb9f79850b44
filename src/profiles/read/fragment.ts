import type { LoginGrants } from '../../agents/agent.ts';
import type { ProfileLimit, WrittenLimits } from '../../base/run-limits.ts';
import type { SecretSetting } from '../named-secrets.ts';
import type { Budget, GitHubPermissions, ReportRule, Trigger } from '../profile.ts';
import type { PublishSetting } from '../publish.ts';

/** A prompt variable as a fragment sets it. */
export type VariableSetting = { path: string; required: boolean; default?: string };

/** A fragment's runtime as written. */
export type RuntimeSetting = WrittenLimits<ProfileLimit> & {
  image?: string;
  setupScript?: string;
  readOnlyRoot?: boolean;
  user?: string;
  network?: 'open' | 'none' | { allow: readonly string[] };
  ociRuntime?: string;
  env?: Record<string, string>;
  dockerArgs?: readonly string[];
};

type CheckoutSetting = { from?: string; ref?: string; depth?: number; agentConfig?: 'base' | 'head' };

/** One fragment, valid by the schema, in the one form that merges: nothing in it can be written in two ways. */
export type FragmentSettings = {
  trigger?: Trigger;
  allow?: {
    permission?: 'read' | 'triage' | 'write' | 'maintain' | 'admin' | 'any';
    actors?: readonly string[];
    teams?: readonly string[];
    bots?: readonly string[];
    forks?: boolean;
  };
  execution?: {
    handler?: {
      type?: 'agent' | 'shell';
      agent?: string;
      command?: readonly string[];
      args?: readonly string[];
      promptRef?: string;
      promptVariables?: Record<string, VariableSetting>;
    };
    runtime?: RuntimeSetting;
  };
  credentials?: Partial<LoginGrants> & {
    github?: { permissions?: GitHubPermissions; env?: string; app?: string };
    secrets?: readonly SecretSetting[];
  };
  checkout?: CheckoutSetting;
  concurrency?: { group?: string; onBusy?: 'queue' | 'replace' | 'drop' };
  retry?: { attempts?: number; backoffSec?: number; on?: 'before-start' | 'fault' | 'failure' };
  report?: Partial<ReportRule>;
  budget?: Budget;
  publish?: PublishSetting;
};

/** One profile.json: where it is, its own description, and what it sets. */
export type Fragment = {
  folder: string;
  file: string;
  description: string | undefined;
  settings: FragmentSettings;
};

type Written = Omit<FragmentSettings, 'checkout' | 'execution'> & {
  $schema?: string;
  description?: string;
  checkout?: string | CheckoutSetting;
  execution?: Omit<NonNullable<FragmentSettings['execution']>, 'handler'> & {
    handler?: Omit<NonNullable<NonNullable<FragmentSettings['execution']>['handler']>, 'promptVariables'> & {
      promptVariables?: WrittenVariables;
    };
  };
};

type ListedVariables = {
  required?: Record<string, string>;
  optional?: Record<string, { path: string; default?: string }>;
};

/** `promptVariables` as written: the flat form, or the two lists. */
export type WrittenVariables = Record<string, string> | ListedVariables;

/** A value that the schema passed, as a fragment; a variable in both lists counts as optional (`checkFragment` reports it). */
export function toFragment(value: unknown, place: { folder: string; file: string }): Fragment {
  const { $schema: _schema, description, checkout, execution, ...rest } = value as Written;
  const handler = execution?.handler;
  return {
    ...place,
    description,
    settings: {
      ...rest,
      ...(checkout === undefined ? {} : { checkout: oneCheckout(checkout) }),
      ...(execution && {
        execution: {
          ...(execution.runtime && { runtime: execution.runtime }),
          ...(handler && { handler: { ...handler, ...variablesOf(handler.promptVariables) } }),
        },
      }),
    } as FragmentSettings,
  };
}

/** Sets `from` in every form, so that the nearest fragment decides. */
function oneCheckout(written: string | CheckoutSetting): CheckoutSetting {
  if (typeof written === 'string') return { from: written };
  return written.ref === undefined ? written : { ...written, from: 'ref' };
}

function variablesOf(written: WrittenVariables | undefined): {
  promptVariables?: Record<string, VariableSetting>;
} {
  if (!written) return {};
  const { required, optional } = bothLists(written);
  return {
    promptVariables: Object.fromEntries([
      ...Object.entries(required).map(([name, path]) => [name, { path, required: true }]),
      ...Object.entries(optional).map(([name, setting]) => [name, { ...setting, required: false }]),
    ]),
  };
}

/** The two lists of prompt variables; in the flat form all are required. */
export function bothLists(written: WrittenVariables): {
  flat: boolean;
  required: Record<string, string>;
  optional: Record<string, { path: string; default?: string }>;
} {
  const { required, optional } = written as ListedVariables;
  const flat = typeof required !== 'object' && typeof optional !== 'object';
  if (flat) return { flat, required: written as Record<string, string>, optional: {} };
  return { flat, required: required ?? {}, optional: optional ?? {} };
}
