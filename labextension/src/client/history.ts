import type { IRunSummary } from './documents';
import type { IComparison, IHistory, IPastStep } from './past';
import { documentOf, problemOf } from './problem';
import type { Transport } from './transport';

/** What the server knows of past runs; each method rejects with `RequestProblem`. */
export class HistoryClient {
  constructor(private readonly _transport: Transport) {}

  runs(path: string, limit: number): Promise<IHistory> {
    return this._json('history', { path, limit: String(limit) });
  }

  run(path: string, runId: string): Promise<IRunSummary> {
    return this._json(of(runId), { path });
  }

  /** The first run is the baseline. */
  compare(path: string, runIds: readonly string[]): Promise<IComparison> {
    return this._json('comparison', { path }, runIds);
  }

  step(path: string, runId: string, step: string): Promise<IPastStep> {
    return this._json(of(runId, 'step'), { path, step });
  }

  /** An nbformat document: of the whole notebook, or of one step. */
  notebook(path: string, runId: string, step: string): Promise<unknown> {
    return this._json(of(runId, 'notebook'), step ? { path, step } : { path });
  }

  async picture(path: string, runId: string, digest: string): Promise<Blob> {
    return (await this._send(of(runId, 'picture'), { path, digest })).blob();
  }

  async artifact(path: string, runId: string, step: string, name: string): Promise<Blob> {
    return (await this._send(of(runId, 'artifact'), { path, step, name })).blob();
  }

  async remove(path: string, runId: string): Promise<void> {
    await this._send(of(runId, 'deletion'), { path }, [], { method: 'POST' });
  }

  async restore(path: string, runId: string): Promise<void> {
    await this._send(of(runId, 'deletion'), { path }, [], { method: 'DELETE' });
  }

  private async _json<T>(
    route: string,
    query: Record<string, string>,
    runIds: readonly string[] = []
  ): Promise<T> {
    return documentOf(await this._send(route, query, runIds));
  }

  private async _send(
    route: string,
    query: Record<string, string>,
    runIds: readonly string[] = [],
    init: RequestInit = {}
  ): Promise<Response> {
    const text = new URLSearchParams([
      ...Object.entries(query),
      ...runIds.map(id => ['run', id] as [string, string])
    ]);
    const response = await this._transport(`${route}?${text}`, init);
    if (!response.ok) {
      throw problemOf(response.status, await response.text());
    }
    return response;
  }
}

function of(runId: string, part = ''): string {
  const route = `runs/${encodeURIComponent(runId)}`;
  return part ? `${route}/${part}` : route;
}
