import type { CurrentSession } from '../http/current-session.js';
import type { SessionServer } from '../session-server.js';
import { type NodeExchange, sendAnswer } from './answer.js';
import { holdAnswer } from './hold.js';
import { NodeRequest } from './request.js';

/** What the host does with a request that is its own. */
export type Handler<Data> = (session: CurrentSession<Data>) => void;

/**
 * Answers a request for one of the session server's own paths. Any other is handed to `handler` with its session; when it
 * must not go on, it is answered here. `url`: where a framework has changed `request.url`, the one that was sent.
 */
export function serve<Data>(
  server: SessionServer<Data>,
  exchange: NodeExchange,
  handler: Handler<Data> | undefined,
  url = exchange.request.url ?? '',
): void {
  const request = new NodeRequest(exchange.request, url);
  if (handler === undefined || server.owns(request.url)) {
    server.handle(request).then((answer) => sendAnswer(answer, exchange));
    return;
  }
  const { response } = exchange;
  server
    .open(request, {
      looked() {
        if (!response.headersSent) response.appendHeader('vary', server.varies);
      },
      changed: (answer) => holdAnswer(exchange, answer, (error) => server.refuse(error, request)),
    })
    .then(
      (session) => server.run(session, () => handler(session)),
      (error: unknown) => sendAnswer(server.refuse(error, request), exchange),
    );
}
