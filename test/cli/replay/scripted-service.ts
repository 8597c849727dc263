// A service that answers as a test tells it to: for what the real one does only under load, or when it fails.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ScriptedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

export interface ScriptedAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** What a request is answered; null closes the connection instead. */
export type Script = (request: ScriptedRequest) => ScriptedAnswer | null;

export class ScriptedService implements AsyncDisposable {
  readonly requests: ScriptedRequest[] = [];
  readonly #server: Server;

  private constructor(script: Script) {
    this.#server = createServer(async (request, response) => {
      const text = Buffer.concat(await Array.fromAsync(request)).toString();
      const { method = '', url: path = '', headers } = request;
      const received = { method, path, headers, body: text === '' ? undefined : JSON.parse(text) };
      this.requests.push(received);
      const answer = script(received);
      if (answer === null) return request.socket.destroy();
      const body = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {});
      return response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers }).end(body);
    });
  }

  static async start(script: Script): Promise<ScriptedService> {
    const service = new ScriptedService(script);
    await new Promise<void>((resolve) => service.#server.listen(0, '127.0.0.1', resolve));
    return service;
  }

  get url(): URL {
    // A server that listens on TCP has an AddressInfo.
    const { port } = this.#server.address() as AddressInfo;
    return new URL(`http://127.0.0.1:${port}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export function ramBlock(fields: object): object {
  return {
    id: 'b1',
    machine: 'default',
    idstr: 'ram',
    gpa: null,
    usedLength: 2 ** 30,
    pageSize: 4096,
    attributes: {},
    ...fields,
  };
}

/** Answers the requests one after the other; the last answer again and again. */
export function inTurn(...answers: (ScriptedAnswer | null)[]): Script {
  let next = 0;
  return () => answers[Math.min(next++, answers.length - 1)] ?? null;
}

/** @param extras beside what every problem has here */
export function problem(
  status: number,
  code: string,
  headers: Record<string, string> = {},
  extras: object = {},
): ScriptedAnswer {
  const body = {
    type: 'about:blank',
    title: code,
    status,
    code,
    detail: `because of ${code}`,
    errno: 'ENOSPC',
    listenerId: 'l1',
    ...extras,
  };
  return { status, body, headers };
}
