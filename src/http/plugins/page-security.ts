// Headers of the pages of this service, for browsers, and of them only: on every route these headers would cost
// more than most answers.
import helmet from '@fastify/helmet';
import type { TypedApp } from '../typed-app.ts';

/**
 * For all routes of a scope: pages made of files of this service alone, which nobody frames. No upgrade to https, neither
 * here nor by strict transport: a service on a plain address would lose them; who ends TLS before it can say so.
 */
export async function securePages(scope: TypedApp): Promise<void> {
  await scope.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'base-uri': ["'none'"],
        'connect-src': ["'self'"],
        'font-src': ["'self'", 'data:'],
        'form-action': ["'none'"],
        'frame-ancestors': ["'none'"],
        'img-src': ["'self'", 'data:'],
        'script-src': ["'self'"],
        'style-src': ["'self'"],
      },
    },
    strictTransportSecurity: false,
    xFrameOptions: { action: 'deny' },
  });
}
