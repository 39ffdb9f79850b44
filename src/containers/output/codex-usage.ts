import type { AgentUsage } from './agent-reader.ts';

/** No thread counts as many tokens. */
const MAX_TOKENS = 10_000_000_000;

/** The counts of a `turn.completed`, or undefined when they cannot be true: https://github.com/openai/codex/blob/main/codex-rs/exec/src/exec_events.rs */
export function readCodexUsage(usage: Readonly<Record<string, unknown>>): AgentUsage | undefined {
  const inputTokens = asCount(usage.input_tokens);
  const outputTokens = asCount(usage.output_tokens);
  const cachedInputTokens = asCount(usage.cached_input_tokens ?? 0);
  const reasoningTokens = asCount(usage.reasoning_output_tokens ?? 0);
  if (inputTokens === undefined || outputTokens === undefined) return undefined;
  if (cachedInputTokens === undefined || cachedInputTokens > inputTokens) return undefined;
  if (reasoningTokens === undefined || reasoningTokens > outputTokens) return undefined;
  return { inputTokens, cachedInputTokens, outputTokens, reasoningTokens };
}

function asCount(value: unknown): number | undefined {
  const isCount = typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < MAX_TOKENS;
  return isCount ? value : undefined;
}
