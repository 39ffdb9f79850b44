import { createHash } from 'node:crypto';

const STYLE = `
:root { color-scheme: light dark; font: 1.05rem/1.5 system-ui, sans-serif }
body { margin: 0 auto; max-width: 34rem; padding: 1.5rem 1.25rem 3rem; overflow-wrap: anywhere }
h1 { font-size: 1.4rem; line-height: 1.25 }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .25rem 1rem }
dt { opacity: .7 }
dd { margin: 0 }
.go { display: block; box-sizing: border-box; width: 100%; padding: .9rem 1rem; border: 0; border-radius: .5rem;
  background: #1a7f37; color: #fff; font: inherit; font-weight: 600; text-align: center; text-decoration: none; cursor: pointer }
.go:focus-visible { outline: 3px solid #0969da; outline-offset: 2px }
code { font-size: .95em }
`;

/** What a page of the manifest flow may do: show itself, and send its form to GitHub. `formTarget` is GitHub's origin. */
export function pagePolicy(formTarget: string | undefined): string {
  const style = createHash('sha256').update(STYLE).digest('base64');
  return `default-src 'none'; style-src 'sha256-${style}'; form-action ${formTarget ?? "'none'"}; base-uri 'none'; frame-ancestors 'none'`;
}

/** Text as HTML shows it. */
function html(text: string): string {
  const names: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replaceAll(/[&<>"']/g, (sign) => names[sign] ?? sign);
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${html(title)} · github-flows</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${html(title)}</h1>
${body}
</main>
</body>
</html>
`;
}

function facts(rows: readonly (readonly [string, string])[]): string {
  return `<dl>${rows.map(([name, value]) => `<dt>${html(name)}</dt><dd>${html(value)}</dd>`).join('\n')}</dl>`;
}

/** The first page: one button that takes the manifest to GitHub. */
export function offerPage(offer: {
  name: string;
  owner: string;
  server: string;
  deliveries: string;
  until: string;
  address: string;
  manifest: string;
}): string {
  const rows = [
    ['Name', offer.name],
    ['Owner', offer.owner],
    ['At', offer.server],
    ['Deliveries go to', offer.deliveries],
    ['Good until', offer.until],
  ] as const;
  return page(
    'Create a GitHub App',
    `<p>GitHub shows what the App may do and asks you to confirm. Its key comes back here by itself and is stored encrypted.</p>
${facts(rows)}
<form method="post" action="${html(offer.address)}">
<input type="hidden" name="manifest" value="${html(offer.manifest)}">
<button class="go" type="submit">Go on at GitHub</button>
</form>`,
  );
}

/** The second page: the App is there and wants to be installed. */
export function madePage(made: { name: string; id: string; installAddress: string }): string {
  const rows = [
    ['App', made.name],
    ['App id', made.id],
  ] as const;
  return page(
    'The App is there',
    `<p>Its key and its webhook secret are stored, and its deliveries are accepted from now on. Install it on the repositories that runs are to work on.</p>
${facts(rows)}
<p><a class="go" href="${html(made.installAddress)}" rel="noreferrer">Install it</a></p>`,
  );
}

/** The last page: installed. undefined where no state says which installation it is. */
export function installedPage(installed: { name: string; account: string } | undefined): string {
  const check = '<p>On the command line, <code>github-flows app test</code> shows what it reaches.</p>';
  if (!installed)
    return page(
      'Installed',
      `<p>The service finds the installation by itself when a repository needs it.</p>${check}`,
    );
  const rows = [
    ['App', installed.name],
    ['On', installed.account],
  ] as const;
  return page('Installed', `${facts(rows)}${check}<p>You can close this page.</p>`);
}

/** A page for what went wrong, with its hint. */
export function problemPage(problem: { code: string; message: string; hint: string }): string {
  return page(
    'The request failed',
    `<p>${html(problem.message)}</p>
<p>${html(problem.hint)}</p>
<p><code>${html(problem.code)}</code></p>`,
  );
}
