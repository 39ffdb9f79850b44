import { OPTIONS } from './options.ts';

const HEAD = `# Configuration

Every option is an environment variable, or a line of one file of settings. The environment has precedence. The file is the first one that exists:

1. the one that \`GITHUB_FLOWS_CONFIG\` names, which must exist;
2. \`.env\` in the current directory;
3. \`.env\` in this checkout;
4. \`/etc/github-flows/env\`.

Relative paths start at the file's directory, for \`/etc/github-flows/env\` at the checkout, and without a file at the current directory. In paths \`~\` is the home of the service's user. Sizes are written as for Docker: \`512m\`, \`4g\`. \`doctor\`, \`serve\` and \`worker\` report lines that set no option. All errors are reported together, each with its hint; \`github-flows doctor\` checks the rest.

\`npm run docs\` creates this page from the table in \`src/config/options.ts\`.

| option | default | meaning |
|---|---|---|
`;

/** docs/configuration.md, whole. */
export function configurationPage(): string {
  const rows = OPTIONS.map((option) => {
    const value = option.default === null || option.default === '' ? '–' : `\`${option.default}\``;
    return `| \`${option.name}\` | ${value} | ${option.sentence} |`;
  });
  return `${HEAD}${rows.join('\n')}\n`;
}
