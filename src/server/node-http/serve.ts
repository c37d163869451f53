import type { CurrentSession } from '../http/current-session.js';
import type { HttpAnswer } from '../http/exchange.js';
import type { SessionServer } from '../session-server.js';
import { type NodeExchange, sendAnswer } from './answer.js';
import { addVary } from './head.js';
import { holdAnswer } from './hold.js';
import { NodeRequest } from './request.js';

/** What the host does with a request that is its own. */
export type Handler<Data> = (session: CurrentSession<Data>) => void;

/** What frameworks on top of node:http do in their own way. */
export interface Framework {
  /** The URL that was sent, where `request.url` has been changed. */
  readonly url?: string;
  /** Called before an answer is sent here. */
  answering?(): void;
}

/**
 * Answers a request for one of the session server's own paths. Any other is handed to `handler` with its session; when it
 * must not go on, it is answered here.
 */
export function serve<Data>(
  server: SessionServer<Data>,
  exchange: NodeExchange,
  handler: Handler<Data> | undefined,
  framework: Framework = {},
): void {
  const request = new NodeRequest(exchange.request, framework.url);
  const send = (answer: HttpAnswer): void => {
    framework.answering?.();
    sendAnswer(answer, exchange);
  };
  if (handler === undefined || server.owns(request.url)) {
    server.handle(request).then(send);
    return;
  }
  const { response } = exchange;
  const depends = (): void => addVary(response, server.varies);
  server
    .open(request, {
      looked: depends,
      changed(answer) {
        depends();
        holdAnswer(exchange, answer, (error) => server.refuse(error, request));
      },
    })
    .then(
      (session) => server.run(session, () => handler(session)),
      (error: unknown) => send(server.refuse(error, request)),
    );
}
