import { isUtf8 } from 'node:buffer';
import { parse, TomlError } from 'smol-toml';
import { FlowError } from '../../../base/errors.ts';

/** What the service needs to know of a `config.toml`. */
export type CodexConfig = {
  /** Where Codex keeps its login; only `file` and `auto` can leave an `auth.json`. */
  store: 'file' | 'keyring' | 'auto' | 'ephemeral';
  model: string | null;
  /** Whether the model provider needs a login with OpenAI; a custom provider usually does not. */
  needsLogin: boolean;
};

const STORES = ['file', 'keyring', 'auto', 'ephemeral'] as const;

/**
 * Reads the bytes of the `config.toml` at `file`; none give Codex's defaults.
 * https://developers.openai.com/codex/config-reference
 *
 * Throws `codex_config_broken`, with line and column where the text is not TOML.
 */
export function parseCodexConfig(content: Buffer, file: string): CodexConfig {
  const table = parseToml(content, file);
  const store = table.cli_auth_credentials_store ?? 'file';
  const known = STORES.find((name) => name === store);
  if (!known) {
    throw configBroken(file, `its \`cli_auth_credentials_store\` is not one of ${STORES.join(', ')}`);
  }
  const model = table.model ?? null;
  if (model !== null && typeof model !== 'string') throw configBroken(file, 'its `model` is not a text');
  return { store: known, model, needsLogin: needsLogin(table) };
}

function needsLogin(table: Record<string, unknown>): boolean {
  const name = table.model_provider ?? 'openai';
  const providers = table.model_providers;
  if (typeof name !== 'string' || typeof providers !== 'object' || providers === null) return true;
  const provider: unknown = Object.hasOwn(providers, name) ? Reflect.get(providers, name) : undefined;
  if (typeof provider !== 'object' || provider === null) return true;
  return Reflect.get(provider, 'requires_openai_auth') === true;
}

function parseToml(content: Buffer, file: string): Record<string, unknown> {
  if (!isUtf8(content)) throw configBroken(file, 'it is not UTF-8 text');
  try {
    return parse(content.toString(), { integersAsBigInt: 'asNeeded' });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw configBroken(file, `line ${error.line}, column ${error.column}: ${firstLine(error.message)}`);
  }
}

function firstLine(message: string): string {
  return message.replace(/^Invalid TOML document: /, '').split('\n')[0] ?? '';
}

function configBroken(file: string, why: string): FlowError {
  return new FlowError({
    code: 'codex_config_broken',
    blame: 'operator',
    message: `Codex cannot use ${file}: ${why}.`,
    hint: `Fix the line in an editor; \`github-flows codex status\` reads the file again.`,
  });
}
