import { existsSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { quoted } from '../../base/text.ts';
import {
  composeAdmissionDryRun,
  composeAppsFor,
  composeDryRun,
  composeNeeds,
} from '../../compose/dry-run.ts';
import { profileChecks } from '../../compose/host.ts';
import type { Config } from '../../config/config.ts';
import { deliveryUnknown } from '../../deliveries/errors.ts';
import type { FlowEvent } from '../../events/event.ts';
import { readEvent } from '../../events/from-delivery.ts';
import { eventNames, nearestEvent } from '../../events/payload-shapes.ts';
import { type DryRun, type Explanation, explain, type TokenOrigin } from '../../flow/dry-run/explain.ts';
import { profilesInvalid } from '../../profiles/errors.ts';
import { createProfileSet } from '../../profiles/match/match.ts';
import { loadProfiles } from '../../profiles/read/load.ts';
import type { Io } from '../terminal/io.ts';
import { plain, printJson, problemText } from '../terminal/output.ts';
import { usage } from '../terminal/usage.ts';
import { failureText } from './deliveries.ts';
import { readConfig, withStores, withStoresOrNone } from './shared/stores.ts';

/** GitHub's own limit for a payload. */
const MAX_BODY_BYTES = 25 * 1024 * 1024;

/** `explain <delivery-or-file>`. */
export function addExplainCommand(program: Command, io: Io): void {
  program
    .command('explain <delivery-or-file>')
    .description('Show what a delivery would do and why, without doing it.')
    .option('--event <name>', 'name of the event, for a payload file')
    .option('--ask', 'also check permissions and limits with GitHub and the stored runs')
    .option('--json', 'print JSON')
    .action(async (subject: string, options: { event?: string; ask?: true; json?: true }) => {
      const config = readConfig(io);
      const event = await readSubject(io, subject, options.event);
      const explanation = await explainEvent(io, config, event, options.ask === true);
      if (options.json) printJson(io, explanation);
      else printExplanation(io, explanation);
    });
}

async function explainEvent(io: Io, config: Config, event: FlowEvent, ask: boolean): Promise<Explanation> {
  const loaded = await loadProfiles({ dir: config.profilesDir, checks: profileChecks(config) });
  if (loaded.issues.length > 0) throw profilesInvalid(config.profilesDir, loaded.issues);
  const profiles = createProfileSet(loaded.candidates);
  const needs = composeNeeds(config);
  const missing: DryRun['missing'] = async (profile, plan) =>
    (await needs(profile, plan)).flatMap(({ problems }) => problems);
  const known = { missing, appsFor: composeAppsFor(config) };
  if (!ask) return await explain(event, profiles, composeDryRun(config, { admission: undefined, ...known }));
  return await withStoresOrNone(io, async ({ db }) => {
    const admission = await composeAdmissionDryRun(config, db);
    return await explain(event, profiles, composeDryRun(config, { admission, ...known }));
  });
}

/** An existing file is a payload; anything else is the id of a stored delivery. */
async function readSubject(io: Io, subject: string, name: string | undefined): Promise<FlowEvent> {
  const file = resolve(io.directory, subject);
  if (existsSync(file) && statSync(file).isFile()) {
    if (name === undefined)
      throw usage(
        `${subject} is a file, and a payload does not name its event.`,
        'Add --event, such as --event issue_comment.',
      );
    checkEventName(name);
    if (statSync(file).size > MAX_BODY_BYTES)
      throw usage(
        `${subject} is larger than the 25 MB that GitHub sends.`,
        'Give a file with a single payload.',
      );
    return readEvent({ deliveryId: 'explained', event: name, body: readFileSync(file) });
  }
  if (/[/\\]|\.json$/.test(subject) || existsSync(file))
    throw usage(
      existsSync(file) ? `${subject} is a directory.` : `${subject} does not exist.`,
      'Give the path of a payload file or the id of a delivery.',
    );
  return await withStores(io, async (stores) => {
    const delivery = await stores.deliveries.find(subject);
    const body = await stores.deliveries.body(subject);
    if (!delivery || !body) throw deliveryUnknown(subject);
    return readEvent({ deliveryId: delivery.id, event: delivery.event, body });
  });
}

function printExplanation(io: Io, explanation: Explanation): void {
  const { verdict, decision, ranking, candidates, problems, missing, prompt, plan } = explanation;
  const reason = decision.run ? (problems[0]?.code ?? decision.reason) : decision.reason;
  io.out(`${plain(verdict.text.replace('would', 'Would'))} [${reason}]\n`);
  if (decision.run) io.out(`${plain(decision.message)}\n`);
  io.out(`permission: ${decision.permission}\n`);
  if (decision.permission === 'not asked') io.out('--ask checks with GitHub and the stored runs.\n');
  if (ranking.length > 0) io.out('\nRanking of the matching profiles\n');
  for (const { rank, profile, conditions, why } of ranking)
    io.out(`  ${rank}. ${profile}: ${why} (${conditions.join(', ')})\n`);
  if (candidates.length > 0) io.out('\nCandidates\n');
  for (const { profile, matched, failed } of candidates) {
    io.out(`  ${matched ? '✓' : '·'} ${profile}: ${plain(failureText(failed))}\n`);
  }
  for (const problem of [...problems, ...missing]) io.out(`\n${problemText(problem)}`);
  if (prompt !== null) io.out(`\nPrompt\n${plain(prompt).replaceAll(/^/gm, '  ')}\n`);
  if (plan) printPlan(io, plan);
}

function printPlan(io: Io, plan: NonNullable<Explanation['plan']>): void {
  io.out(`\nPlan\n  image    ${plan.image}\n  user     ${plan.user}\n  network  ${networkText(plan)}\n`);
  for (const { entry, hosts } of plan.hosts ?? [])
    io.out(`  hosts    ${entry}${hosts.join() === entry ? '' : `: ${hosts.join(', ')}`}\n`);
  io.out(`  command  ${plain(JSON.stringify(plan.command))}\n  in       ${plan.workdir}\n`);
  for (const [name, value] of Object.entries(plan.env)) io.out(`  env      ${name}=${plain(value)}\n`);
  for (const { name, env } of plan.secrets)
    io.out(`  secret   /run/secrets/${name}${env === null ? '' : `, exported as ${env}`}\n`);
  if (plan.githubToken)
    io.out(`  token    ${plan.githubToken.file}, ${plain(tokenText(plan.githubToken))}\n`);
  for (const mount of plan.mounts)
    io.out(
      `  mount    ${mount.source ?? 'tmpfs'} → ${mount.target} (${mount.readOnly ? 'read-only' : 'writable'}, ${mount.kind})\n`,
    );
}

function tokenText({ secret, apps, copyOf }: TokenOrigin): string {
  if (secret !== null) return `of the App in the secret ${secret}`;
  const served = apps.map((app) => `of the App ${app} where it is installed, else `);
  return `${served.join('')}a copy of ${copyOf}`;
}

function networkText({ network, hosts }: NonNullable<Explanation['plan']>): string {
  if (hosts !== null) return hosts.length > 0 ? 'only these hosts' : 'an empty list of hosts';
  return typeof network === 'object' && 'name' in network ? `the engine’s ${network.name}` : String(network);
}

/** Throws `usage` for an unknown event, with the nearest name. */
function checkEventName(name: string): void {
  if (eventNames().includes(name)) return;
  const [word = ''] = name.toLowerCase().split(/[.:/]/);
  throw usage(
    `--event is ${quoted(name, 80)}, which is no event of GitHub.`,
    `Did you mean ${nearestEvent(word.slice(0, 80).replaceAll(/[\s-]+/g, '_'))}? The payload has the action.`,
  );
}
