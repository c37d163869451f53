import { SessionError } from '../../protocol/errors.js';

/** What the store answers; its failure, whatever it is, has one code (S76). */
export async function answerOf<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    throw storeFailure(cause);
  }
}

/**
 * The same for a step that writes content. A failure is the caller's when the content cannot become JSON at all, as with a
 * circle or a BigInt: then it is told so. Asked afterwards only, since writing it down twice would be dear.
 */
export async function answerOfWrite<T>(answer: Promise<T>, content: unknown): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    JSON.stringify(content);
    throw storeFailure(cause);
  }
}

function storeFailure(cause: unknown): SessionError {
  if (cause instanceof SessionError) return cause;
  return new SessionError('store/unavailable', { status: 503, cause });
}
