import type { CurrentSession } from '../http/current-session.js';
import type { HttpAnswer } from '../http/exchange.js';
import type { SessionServer } from '../session-server.js';
import { type NodeExchange, sendAnswer } from './answer.js';
import { addVary } from './head.js';
import { holdAnswer } from './hold.js';
import { NodeRequest } from './request.js';

/** What the host does with a request that is its own. */
export type Handler<Data> = (session: CurrentSession<Data>) => void;

/**
 * Answers a request for one of the session server's own paths. Any other is handed to `handler` with its session; when it
 * must not go on, it is answered here. `url`: where a framework has changed `request.url`, the one that was sent.
 * `answering` is called before an answer is sent here.
 */
export function serve<Data>(
  server: SessionServer<Data>,
  exchange: NodeExchange,
  handler: Handler<Data> | undefined,
  url?: string,
  answering?: () => void,
): void {
  const request = new NodeRequest(exchange.request, url);
  const send = (answer: HttpAnswer): void => {
    answering?.();
    sendAnswer(answer, exchange);
  };
  if (handler === undefined || server.owns(request.url)) {
    server.handle(request).then(send);
    return;
  }
  const { response } = exchange;
  server
    .open(request, {
      looked: () => addVary(response, server.varies),
      changed(answer) {
        // It depends on the session in any case.
        addVary(response, server.varies);
        holdAnswer(exchange, answer, (error) => server.refuse(error, request));
      },
    })
    .then(
      (session) => server.run(session, () => handler(session)),
      (error: unknown) => send(server.refuse(error, request)),
    );
}
