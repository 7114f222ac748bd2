import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { documentOf, messageOf, RequestProblem } from './problem';

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
      throw new RequestProblem('offline', messageOf(error));
    }
  };
}

/** Asks Jupyter's own part of the server when it was started. */
export function labStart(settings: ServerConnection.ISettings): () => Promise<string> {
  return async () => {
    const url = URLExt.join(settings.baseUrl, 'api', 'status');
    const response = await ServerConnection.makeRequest(url, {}, settings);
    return (await documentOf<{ started?: string }>(response)).started ?? '';
  };
}
