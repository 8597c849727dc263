// The OpenAPI document, made from the route schemas, and the page that shows it.
import { readFileSync } from 'node:fs';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import fp from 'fastify-plugin';
import { DiscardWebhook, PopulateWebhook } from '../schemas/listener.ts';
import { scopeOf } from './authorization.ts';
import { securePages } from './page-security.ts';

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));

const SIGNATURE_HEADERS = {
  'webhook-id': 'Unique to a delivery; its retries keep it.',
  'webhook-timestamp': 'Seconds since the epoch, of this attempt.',
  'webhook-signature': 'Standard Webhooks 1.0.0: `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`.',
};

/** Operations whose body may be left out. */
const OPTIONAL_BODIES = ['rotateSecret'];

type Responses = Record<string, { description: string; content?: Record<string, { schema: { type: 'object' } }> }>;

function webhook(operationId: string, summary: string, schema: { $ref: string }, responses: Responses) {
  const parameters = Object.entries(SIGNATURE_HEADERS).map(([name, description]) => {
    return { in: 'header', name, description, required: true, schema: { type: 'string' as const } };
  });
  const requestBody = { required: true, content: { 'application/json': { schema } } };
  return { post: { operationId, tags: ['Webhooks'], summary, parameters, requestBody, responses } };
}

const componentRef = (schema: object & { $id?: string }) => ({ $ref: `#/components/schemas/${schema.$id}` });

export const openapi = fp(
  async (app) => {
    await app.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: {
          title: 'ram-block-attributes',
          version,
          description:
            "QEMU's RamBlockAttributes as a network service: which pages of a confidential VM are shared (populated) or private (discarded), and webhook listeners that are told before that changes and may refuse. Sizes, offsets and addresses are bytes.",
          license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
        },
        servers: [{ url: '/', description: 'This service.' }],
        tags: [
          { name: 'RAM blocks', description: 'The memory of a VM, as QEMU names it.' },
          { name: 'Machines', description: 'Blocks that share guest physical addresses.' },
          { name: 'Conversions', description: 'Pages that turn shared or private.' },
          { name: 'State', description: 'The populated pages of a block. Reads never wait.' },
          { name: 'Sources', description: 'A page is populated when every source of its block has it populated.' },
          { name: 'Listeners', description: 'Device back-ends: they map what is populated.' },
          { name: 'Events', description: 'A stream of everything that happens.' },
          { name: 'Plans', description: 'The needs of a recorded trace, without any block.' },
          { name: 'Webhooks', description: 'The requests that listeners receive.' },
          { name: 'Operation', description: 'For those who run the service.' },
        ],
        components: {
          securitySchemes: {
            bearer: {
              type: 'http',
              scheme: 'bearer',
              description:
                'A token of RBA_TOKENS_FILE. An operation names the scope that it needs; `write` includes `read`. Where the service has no tokens, none is asked for.',
            },
          },
        },
        webhooks: {
          populate: webhook('receivePopulate', 'Sections are about to become usable', componentRef(PopulateWebhook), {
            200: { description: 'Accepted: it is mapped. So is 204; nothing else is.' },
            409: {
              description: 'Refused (403 and 422 too); `detail` and `errno` are passed on.',
              content: { 'application/problem+json': { schema: { type: 'object' } } },
            },
          }),
          discard: webhook('receiveDiscard', 'Sections are about to become unusable', componentRef(DiscardWebhook), {
            '2XX': {
              description: 'Acknowledged: nothing of it is mapped. Anything else is tried again until the deadline.',
            },
          }),
        },
      },
      convertConstToEnum: false,
      // The generator takes every body for required.
      transformObject: (generated) => {
        const { paths = {} } = 'openapiObject' in generated ? generated.openapiObject : {};
        for (const { post } of Object.values(paths).map(Object)) {
          if (OPTIONAL_BODIES.includes(post?.operationId)) post.requestBody.required = false;
        }
        return 'openapiObject' in generated ? generated.openapiObject : generated.swaggerObject;
      },
      refResolver: { buildLocalReference: (json, _base, _fragment, index) => String(json.$id ?? `def-${index}`) },
    });
    app.addHook('onRoute', (route) => {
      if (route.url.startsWith('/docs')) route.config = { ...route.config, open: true, produces: null };
      if (route.schema?.operationId === undefined) return;
      const scope = scopeOf(String(route.method), route.config);
      route.schema.security = scope === null ? [] : [{ bearer: [scope] }, {}];
    });
    await app.register(async (pages) => {
      await securePages(pages);
      await pages.register(swaggerUi, { routePrefix: '/docs', uiConfig: { deepLinking: true } });
    });
  },
  { name: 'openapi', dependencies: ['conditions', 'validation'] },
);
