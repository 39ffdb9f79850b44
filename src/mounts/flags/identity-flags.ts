import { FlowError } from '../../base/errors.ts';
import { flagRepeated, flagValueInvalid, flagWeakens } from '../errors.ts';
import { checkTarget } from '../paths.ts';
import { checkEnvName } from './env-names.ts';
import type { FlagReader } from './flag-text.ts';

/** The largest uid and gid that every program takes. */
const MOST_ID = 2_147_483_647;

const LABEL_NAME = /^[a-z0-9]([a-z0-9._/-]{0,126}[a-z0-9])?$/i;

/** Ours, and Docker's: https://docs.docker.com/engine/manage-resources/labels/#key-format-recommendations */
const TAKEN_LABEL = /^(github-flows|com\.docker|io\.docker|org\.dockerproject)/i;

/** `-e NAME=VALUE`, by the rules of `runtime.env`. The value is never part of a message. */
export const readEnv: FlagReader = (draft, { value }) => {
  const equals = value.indexOf('=');
  if (equals < 0) {
    throw flagValueInvalid(
      '--env',
      value,
      "without `=` it would take the service's own variable",
      'Write NAME=VALUE, or put it into runtime.env.',
    );
  }
  const name = value.slice(0, equals);
  const problem = checkEnvName(name);
  if (problem) throw new FlowError({ ...problem, blame: 'profile' });
  if (Object.hasOwn(draft.env, name)) throw flagRepeated('--env', name);
  draft.env[name] = value.slice(equals + 1);
};

/** `-u UID:GID`, both numbers, neither of them root unless the policy allows it. */
export const readUser: FlagReader = (draft, { value }, policy) => {
  const hint = 'Write both as numbers above 0, for example 1000:1000.';
  const [, uid, gid] = /^(\d{1,10}):(\d{1,10})$/.exec(value) ?? [];
  if (/^(0+|root)(:|$)|:(0+|root)$/.test(value) && !(policy.rootUser && uid !== undefined)) {
    throw flagWeakens(
      '--user',
      value,
      'no run is root or in the group of root; only a policy of the admin could allow it',
      hint,
    );
  }
  if (uid === undefined || gid === undefined || Math.max(Number(uid), Number(gid)) > MOST_ID) {
    const why = 'a user without a group would get group 0, and names are not looked up';
    throw flagValueInvalid('--user', value, why, hint);
  }
  draft.user = `${Number(uid)}:${Number(gid)}`;
};

/** `-w DIRECTORY`, by the rules of destinations. */
export const readWorkdir: FlagReader = (draft, { value }) => {
  checkTarget(value);
  draft.workdir = value;
};

/** `--label NAME=VALUE`, or `--label NAME` for an empty value. */
export const readLabel: FlagReader = (draft, { value }) => {
  const [, name = '', text = ''] = /^([^=]*)(?:=(.*))?$/s.exec(value) ?? [];
  const hint = 'Use a name of your own, for example --label team=backend.';
  if (!LABEL_NAME.test(name))
    throw flagValueInvalid('--label', value, 'it does not begin with a label name', hint);
  if (TAKEN_LABEL.test(name)) {
    throw flagValueInvalid(
      '--label',
      value,
      'by these labels the service or Docker finds its own containers',
      hint,
    );
  }
  if (Object.hasOwn(draft.labels, name)) throw flagRepeated('--label', name);
  draft.labels[name] = text;
};
