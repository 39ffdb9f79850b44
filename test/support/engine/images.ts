/** The image with git, gh and a shell, for tests whose agent is a script; bin/prepare builds it. */
export const baseImage = (): string => 'github-flows-base:latest';

/** The image with the real Codex; bin/prepare builds it. */
export const agentImage = (): string => 'github-flows-agent-codex:latest';
