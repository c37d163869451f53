import { SessionError } from '../../protocol/errors.js';
import { emptyAnswer, type HttpAnswer, type HttpHeaders, type HttpRequest } from './exchange.js';
import { problemAnswer } from './problem.js';
import { actOf, methodsOf, type PublicResource } from './resource.js';

/**
 * The answer at a URL that is the same for everybody. It depends on nothing that the request says, so it has no `Vary`, and
 * no page is told that it may send credentials (S47). `headers`: those of every answer.
 */
export async function publicAnswer(
  resource: PublicResource,
  request: HttpRequest,
  headers: HttpHeaders,
): Promise<HttpAnswer> {
  const { vary, ...always } = headers;
  const { status, headers: own, body } = await answer(resource, request);
  return { status, headers: { ...always, ...own }, body };
}

async function answer(resource: PublicResource, request: HttpRequest): Promise<HttpAnswer> {
  const allow = methodsOf(resource);
  if (request.method === 'OPTIONS') return emptyAnswer(204, { allow });
  const act = actOf(resource, request.method);
  return act === undefined ? problemAnswer(new SessionError('request/method'), { allow }) : act(request);
}
