import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { RequestProblem } from './problem';

/** Sends a request below `stepmill/api/`; rejects with `RequestProblem` when nothing answers. */
export type Transport = (path: string, init?: RequestInit) => Promise<Response>;

/** Requests as JupyterLab makes them: its token, its XSRF header, its base URL. */
export function labTransport(settings: ServerConnection.ISettings): Transport {
  return async (path, init = {}) => {
    const url = URLExt.join(settings.baseUrl, 'stepmill', 'api', path);
    try {
      return await ServerConnection.makeRequest(url, init, settings);
    } catch (error) {
      if (init.signal?.aborted) {
        throw error;
      }
      throw new RequestProblem('offline', error instanceof Error ? error.message : String(error));
    }
  };
}
