// /ui/: the dashboard. Static files, open to everybody; what they show they ask of the API, with the reader's own token.
import { Problem } from '../../errors.ts';
import type { TypedApp } from '../typed-app.ts';
import { UiFiles } from '../ui-files.ts';

/** Nothing from elsewhere, and nothing inline: a name or a URL that a client chose cannot become a script. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  // lit-html makes its templates from the strings in the code, and nobody else makes markup from strings.
  "require-trusted-types-for 'script'",
  'trusted-types lit-html',
].join('; ');

export function uiRoutes(app: TypedApp): void {
  const files = new UiFiles();
  const options = { config: { open: true, produces: null }, schema: { hide: true } };

  app.get('/ui', options, (_request, reply) => reply.redirect('ui/'));

  app.get('/ui/*', options, (request, reply) => {
    const path = request.url.split('?', 1)[0]?.slice('/ui/'.length) ?? '';
    const file = files.get(path === '' ? 'index.html' : path);
    if (file === null) throw new Problem('not-found', `there is no /ui/${path} here`);
    return reply
      .headers({
        'content-security-policy': CONTENT_SECURITY_POLICY,
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
      })
      .type(file.type)
      .send(file.text);
  });
}
