import { jsonAnswer } from '../exchange.js';
import type { PublicResource } from '../resource.js';

/** Body of the health answer. */
export interface HealthAnswer {
  readonly status: 'ok' | 'failing';
}

/** No scheme of ours makes such an id. */
const nobody = 'no-session:is-the-store-there?';

export interface HealthResourceOptions {
  readonly sessions: { find(id: string): Promise<unknown> };
  /** Hears why the store failed, which the answer does not say. */
  readonly onFailure: (error: unknown) => void;
}

/** 200 when the store answers, 503 when it does not within its deadline (S76): a real call, for something that is not there. */
export function healthResource({ sessions, onFailure }: HealthResourceOptions): PublicResource {
  const answer = (status: number, body: HealthAnswer) => jsonAnswer(status, body);
  return new Map([
    [
      'GET',
      async () => {
        try {
          await sessions.find(nobody);
          return answer(200, { status: 'ok' });
        } catch (error) {
          onFailure(error);
          return answer(503, { status: 'failing' });
        }
      },
    ],
  ]);
}
