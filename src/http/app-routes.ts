import { type Request, type Response, Router } from 'express';
import { isoTime } from '../base/clock.ts';
import { asFlowError, FlowError } from '../base/errors.ts';
import type { Logger } from '../log/logger.ts';
import { installedPage, madePage, offerPage, pagePolicy, problemPage } from './app-page.ts';

/** The steps of the manifest flow, as the pages need them; each throws when the state is not one of ours, or has run out. */
type AppSteps = {
  offer(state: string): Promise<{
    state: { name: string; organisation: string | null; serverUrl: string; expiresAt: number };
    address: string;
    manifest: string;
  }>;
  finish(
    state: string,
    code: string,
  ): Promise<{ app: { appId: number | null; slug: string | null }; installAddress: string }>;
  installed(
    state: string,
    installationId: number,
  ): Promise<{ app: { slug: string | null }; installation: { account: string } } | undefined>;
};

const STATUS: Readonly<Record<string, number>> = {
  app_state_invalid: 400,
  app_state_expired: 410,
  app_code_refused: 400,
  app_address_incomplete: 400,
  public_url_missing: 409,
};

/** As GitHub makes them: https://docs.github.com/apps/sharing-github-apps/registering-a-github-app-from-a-manifest */
const CODE = /^[A-Za-z0-9_-]{1,200}$/;

/**
 * The pages `/new`, `/callback` and `/setup` of the manifest flow. Nobody logs in for them: the signed state in the
 * address gives access, and without one no request goes to GitHub and nothing changes here.
 */
export function createAppRouter(parts: { flow: AppSteps; log: Logger }): Router {
  const { flow, log } = parts;
  const router = Router({ strict: true, caseSensitive: true });
  const show = (response: Response, html: string, formTarget?: string): void => {
    response
      .setHeader('Content-Security-Policy', pagePolicy(formTarget))
      .setHeader('Cache-Control', 'no-store')
      .setHeader('Referrer-Policy', 'no-referrer')
      .type('html')
      .send(html);
  };
  const guarded =
    (step: (request: Request, response: Response) => Promise<void>) =>
    async (request: Request, response: Response): Promise<void> => {
      try {
        await step(request, response);
      } catch (error) {
        const issue = asFlowError(error);
        log.warn(issue.toProblem(), 'setup page of GitHub App failed');
        response.status(statusOf(issue));
        show(response, problemPage(issue.toProblem()));
      }
    };

  router.get(
    '/new',
    guarded(async (request, response) => {
      const { state, address, manifest } = await flow.offer(query(request, 'state'));
      const html = offerPage({
        name: state.name,
        owner: state.organisation ?? 'the account you are signed in with',
        server: state.serverUrl,
        deliveries: deliveriesIn(manifest),
        until: isoTime(state.expiresAt) ?? '',
        address,
        manifest,
      });
      show(response, html, new URL(state.serverUrl).origin);
    }),
  );
  router.get(
    '/callback',
    guarded(async (request, response) => {
      const { app, installAddress } = await flow.finish(
        query(request, 'state'),
        query(request, 'code', CODE),
      );
      show(response, madePage({ name: app.slug ?? '', id: String(app.appId ?? ''), installAddress }));
    }),
  );
  router.get(
    '/setup',
    guarded(async (request, response) => {
      // GitHub keeps no state when somebody installs from the App's own page; then there is nothing to trust here.
      const found =
        request.query.state === undefined
          ? undefined
          : await flow.installed(
              query(request, 'state'),
              Number(query(request, 'installation_id', /^\d{1,15}$/)),
            );
      show(
        response,
        installedPage(found && { name: found.app.slug ?? '', account: found.installation.account }),
      );
    }),
  );
  return router;
}

/** One value of the address, once and of the right form. Throws `app_address_incomplete`. */
function query(request: Request, name: string, form = /^[\x21-\x7e]{1,4096}$/): string {
  const value = request.query[name];
  if (typeof value === 'string' && form.test(value)) return value;
  throw addressIncomplete(name);
}

function addressIncomplete(name: string): FlowError {
  return new FlowError({
    code: 'app_address_incomplete',
    blame: 'sender',
    message: `The address has no ${name} as GitHub and this service write it.`,
    hint: 'Open the address whole, as `github-flows app create` printed it or as GitHub led you there.',
  });
}

function statusOf({ code, blame }: FlowError): number {
  return STATUS[code] ?? (blame === 'github' ? 502 : 500);
}

function deliveriesIn(manifest: string): string {
  return (JSON.parse(manifest) as { hook_attributes: { url: string } }).hook_attributes.url;
}
