import connect from 'can-connect';
import { jwtDecode } from 'jwt-decode';

/**
 * The guide's session behavior with its evident bugs mended and nothing else: the expiry test is the right way round, the
 * payload is in scope, and the token is stored as it comes (CAN-04). `post` stands for its `ajax` call.
 */
export function guideBehavior(storageKey: string, post: (data: unknown) => Promise<string>) {
  function read() {
    const token = sessionStorage.getItem(storageKey);
    if (!token) throw new Error('No token found');
    const payload = jwtDecode(token);
    if (!(Number(payload.exp) * 1000 > Date.now())) throw new Error('Invalid token');
    return payload;
  }
  return connect.behavior('data/session', () => ({
    getData() {
      return new Promise((resolve) => resolve(read()));
    },
    createData(data: unknown) {
      return post(data).then((token) => {
        sessionStorage.setItem(storageKey, token);
        return jwtDecode(token);
      });
    },
    destroyData() {
      sessionStorage.removeItem(storageKey);
      return Promise.resolve(true);
    },
  }));
}
