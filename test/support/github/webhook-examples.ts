import { createRequire } from 'node:module';

/** One payload of @octokit/webhooks-examples; `title` tells it from the others. */
export type WebhookExample = { title: string; event: string; payload: Record<string, unknown> };

const EDITIONS = ['api.github.com', 'ghes-31', 'ghes-32', 'ghes-33', 'ghes-34', 'ghes-35'];

/** Every example payload that GitHub's community collected: github.com's and GitHub Enterprise Server's. */
export function webhookExamples(): WebhookExample[] {
  const load = createRequire(import.meta.url);
  return EDITIONS.flatMap((edition) => {
    const events: { name: string; examples: Record<string, unknown>[] }[] = load(
      `@octokit/webhooks-examples/${edition}/index.json`,
    );
    return events.flatMap(({ name, examples }) =>
      examples.map((payload, index) => ({ title: `${edition} ${name} ${index}`, event: name, payload })),
    );
  });
}
