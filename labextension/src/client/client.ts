import type {
  IAnalysis,
  ILog,
  IPlan,
  IPostedNotebook,
  IRunEvent,
  IRunOutputs,
  IRunScope,
  IRunSummary,
  Json,
  Values
} from './documents';
import { asProblem, documentOf, problemOf, RequestProblem } from './problem';
import type { Transport } from './transport';

/** The REST half of the server; each method rejects with `RequestProblem`. */
export class PipelineClient {
  /** `name` tells the server which questions are of the same asker, so that it answers the newest. */
  constructor(
    readonly transport: Transport,
    private readonly _name: string = crypto.randomUUID()
  ) {}

  /** Which version answers. */
  async version(): Promise<string> {
    try {
      return (await this._get<{ version: string }>('status')).version;
    } catch (error) {
      const problem = asProblem(error);
      throw problem.kind === 'unknown' ? new RequestProblem('missing', problem.message) : problem;
    }
  }

  analyze(path: string, notebook: IPostedNotebook): Promise<IAnalysis> {
    return this._post('analyze', { path, notebook, client: this._name });
  }

  plan(path: string, parameters: Record<string, Json>): Promise<IPlan> {
    return this._post('plan', { path, parameters, client: this._name });
  }

  async runs(path: string, limit: number): Promise<IRunSummary[]> {
    const reply = await this._get<{ runs: IRunSummary[] }>(`runs?${query({ path, limit })}`);
    return reply.runs;
  }

  /** Returns the id of the run that the server started. */
  async start(
    path: string,
    parameters: Record<string, Json>,
    scope: IRunScope = {}
  ): Promise<string> {
    const reply = await this._post<{ run_id: string }>('runs', { path, parameters, ...scope });
    return reply.run_id;
  }

  /** What a step of a run printed since the byte `after`. */
  log(path: string, runId: string, step: string, after: number): Promise<ILog> {
    return this._get(`runs/${encodeURIComponent(runId)}/log?${query({ path, step, after })}`);
  }

  /** Type and shape of what the steps of a run gave. */
  async values(path: string, runId: string): Promise<Values> {
    const reply = await this._get<{ steps: Values }>(
      `runs/${encodeURIComponent(runId)}/values?${query({ path })}`
    );
    return reply.steps;
  }

  /** What the cells of a run showed. */
  async outputs(path: string, runId: string): Promise<IRunOutputs[]> {
    const reply = await this._get<{ cells: IRunOutputs[] }>(
      `runs/${encodeURIComponent(runId)}/outputs?${query({ path })}`
    );
    return reply.cells;
  }

  /** Has a step written as a notebook that loads its inputs; returns the path of that. */
  async openStep(path: string, step: string, parameters: Record<string, Json>): Promise<string> {
    const reply = await this._post<{ path: string }>('open-step', { path, step, parameters });
    return reply.path;
  }

  /** Has a copy with proposed steps written; returns its path. */
  async suggest(path: string, metadata: boolean): Promise<string> {
    const reply = await this._post<{ path: string }>('suggest', { path, metadata });
    return reply.path;
  }

  async cancel(path: string, runId: string): Promise<void> {
    await this._send(`runs/${encodeURIComponent(runId)}?${query({ path })}`, { method: 'DELETE' });
  }

  /** The events of one run with a number above `after`. */
  events(
    path: string,
    runId: string,
    after: number
  ): Promise<{ events: IRunEvent[]; finished: boolean }> {
    return this._get(`runs/${encodeURIComponent(runId)}/events?${query({ path, after })}`);
  }

  /** The live stream of all runs of a notebook, from `after` on if given. */
  stream(path: string, after: string, signal: AbortSignal): Promise<Response> {
    const headers = { Accept: 'text/event-stream' };
    return this._send(`stream?${query(after ? { path, after } : { path })}`, { headers, signal });
  }

  private async _get<T>(path: string): Promise<T> {
    return documentOf(await this._send(path, {}));
  }

  private async _post<T>(path: string, body: object): Promise<T> {
    return documentOf(await this._send(path, { method: 'POST', body: JSON.stringify(body) }));
  }

  private async _send(path: string, init: RequestInit): Promise<Response> {
    const response = await this.transport(path, init);
    if (!response.ok) {
      throw problemOf(response.status, await response.text());
    }
    return response;
  }
}

function query(values: Record<string, string | number>): string {
  return new URLSearchParams(
    Object.entries(values).map(([name, value]) => [name, String(value)])
  ).toString();
}
