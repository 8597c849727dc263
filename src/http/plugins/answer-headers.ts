// Headers that every answer carries.
import fp from 'fastify-plugin';

const CONTENT_SECURITY_POLICY = "default-src 'none'; frame-ancestors 'none'";

/** No page of another site can load an answer, not even to see whether that fails; shown as a page, it loads nothing. */
export const HEADERS_OF_ALL = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': CONTENT_SECURITY_POLICY,
};

/** Sets {@link HEADERS_OF_ALL} last, so that no plugin (the files of /docs) says something else; pages have their own policy. */
export const answerHeaders = fp(
  async (app) => {
    app.addHook('onSend', (_request, reply, _payload, done) => {
      const policy = reply.getHeader('content-security-policy') ?? CONTENT_SECURITY_POLICY;
      reply.headers(HEADERS_OF_ALL).header('content-security-policy', policy);
      done();
    });
  },
  { name: 'answer-headers' },
);
