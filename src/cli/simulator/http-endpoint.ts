// The simulator's HTTP side: webhooks in on POST /, its state out on GET / and GET /mappings. No rules about deliveries.
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { type Answer, problemAnswer } from './receiver.ts';

const MAX_BODY_BYTES = 4 * 2 ** 20;
/** A sender that is slower than this is cut off; the longest deadline of a delivery is as long. */
const REQUEST_TIMEOUT_MS = 30_000;

export interface EndpointHandlers {
  readonly state: () => unknown;
  readonly mappings: () => unknown;
  readonly deliver: (headers: IncomingHttpHeaders, body: Buffer) => Promise<Answer>;
  /** What went wrong where nothing should have. */
  readonly onError: (error: unknown) => void;
}

export function createEndpoint(handlers: EndpointHandlers): Server {
  const server = createServer((request, response) => {
    respond(request, response, handlers).catch((error: unknown) => {
      // A sender that hung up is its own affair.
      if (request.destroyed && !request.complete) return;
      handlers.onError(error);
      if (!response.headersSent) sendAnswer(response, problemAnswer(500, 'Internal error', 'see the simulator'));
    });
  });
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  return server;
}

async function respond(request: IncomingMessage, response: ServerResponse, handlers: EndpointHandlers): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  const method = request.method ?? 'GET';
  const allow = path === '/' ? 'GET, HEAD, POST' : path === '/mappings' ? 'GET, HEAD' : null;
  if (allow === null) {
    sendAnswer(response, problemAnswer(404, 'Not found', `${path} is neither / nor /mappings`));
  } else if (!allow.split(', ').includes(method)) {
    response.setHeader('allow', allow);
    sendAnswer(response, problemAnswer(405, 'Method not allowed', `${path} has ${allow}, not ${method}`));
  } else if (method === 'POST') {
    const body = await readBody(request);
    const tooLarge = `the body is over ${MAX_BODY_BYTES} bytes (4 MiB)`;
    sendAnswer(
      response,
      body === null ? problemAnswer(413, 'Too large', tooLarge) : await handlers.deliver(request.headers, body),
    );
  } else {
    sendJson(response, 200, 'application/json', path === '/' ? handlers.state() : handlers.mappings());
  }
}

/** The body as it arrived; null when it is too large, after all of it was read, so that the sender gets the answer. */
async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    // A request without an encoding gives buffers, which its type does not say.
    const bytes: Buffer = chunk;
    size += bytes.length;
    if (size <= MAX_BODY_BYTES) chunks.push(bytes);
  }
  return size <= MAX_BODY_BYTES ? Buffer.concat(chunks, size) : null;
}

function sendAnswer(response: ServerResponse, { status, problem }: Answer): void {
  if (problem === null) response.writeHead(status).end();
  else sendJson(response, status, 'application/problem+json', problem);
}

function sendJson(response: ServerResponse, status: number, type: string, body: unknown): void {
  const text = `${JSON.stringify(body)}\n`;
  const headers = { 'content-type': type, 'content-length': Buffer.byteLength(text), 'cache-control': 'no-store' };
  response.writeHead(status, headers).end(text);
}
