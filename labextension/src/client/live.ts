import type { PipelineClient } from './client';
import type { IRunEvent } from './documents';
import { MessageReader } from './event-stream';
import { foreign, messageOf, RequestProblem } from './problem';

/** Milliseconds. `silence` is how long a fresh stream may stay without a byte. */
export interface ILiveTimes {
  silence: number;
  poll: number;
  retry: number;
}

const TIMES: ILiveTimes = { silence: 3000, poll: 1000, retry: 1000 };
const POLLED_RUNS = 3;
const OVER = Number.POSITIVE_INFINITY;

/** What the owner of a `LiveRuns` is told. */
export interface ILiveListener {
  onEvent(event: IRunEvent): void;
  /** null when the server answers. After a problem nothing is asked until `resume` is called. */
  onProblem(problem: RequestProblem | null): void;
}

/**
 * The events of all runs of one notebook, from one stream; by polling where something on the way
 * holds the stream's bytes back.
 */
export class LiveRuns {
  constructor(
    private readonly _client: PipelineClient,
    private readonly _path: string,
    private readonly _listener: ILiveListener,
    private readonly _times: ILiveTimes = TIMES,
    private readonly _isHidden: () => boolean = () => false
  ) {
    void this._run();
  }

  stop(): void {
    this._stopped.abort();
  }

  /** Go on where a problem broke in. */
  resume(): void {
    this._resume?.();
  }

  private async _run(): Promise<void> {
    while (!this._stopped.signal.aborted) {
      const problem = await this._turn();
      const resumed = new Promise<void>(resolve => {
        this._resume = resolve;
      });
      this._listener.onProblem(problem);
      await (problem ? resumed : this._sleep(this._polls ? this._times.poll : this._times.retry));
    }
  }

  /** Listen until the stream ends, or ask once; return what went wrong. */
  private async _turn(): Promise<RequestProblem | null> {
    try {
      await (this._polls ? this._poll() : this._listen());
      return null;
    } catch (error) {
      return this._stopped.signal.aborted ? null : lost(error);
    }
  }

  /** Read the stream to its end. A stream that stays silent means polling from now on. */
  private async _listen(): Promise<void> {
    const attempt = new AbortController();
    const stop = () => attempt.abort();
    this._stopped.signal.addEventListener('abort', stop);
    const silence = setTimeout(() => {
      this._polls = true;
      attempt.abort();
    }, this._times.silence);
    try {
      const response = await this._client.stream(this._path, this._after, attempt.signal);
      if (!response.headers.get('Content-Type')?.startsWith('text/event-stream')) {
        throw foreign(response);
      }
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      const messages = new MessageReader();
      for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read()) {
        clearTimeout(silence);
        this._listener.onProblem(null);
        this._take(messages.push(piece.value));
      }
    } catch (error) {
      if (!this._polls) {
        throw error;
      }
    } finally {
      clearTimeout(silence);
      this._stopped.signal.removeEventListener('abort', stop);
    }
  }

  private _take(messages: { id: string; data: string }[]): void {
    for (const { id, data } of messages) {
      if (data) {
        this._after = id || this._after;
        this._emit(JSON.parse(data));
      }
    }
  }

  /** Ask once for what the newest runs have had since. Runs that ended before the first time are past. */
  private async _poll(): Promise<void> {
    if (this._isHidden()) {
      return;
    }
    const runs = await this._client.runs(this._path, POLLED_RUNS);
    const isFirst = !this._hasPolled;
    this._hasPolled = true;
    for (const { run_id, status } of runs.reverse()) {
      const known = this._numbers.get(run_id);
      if (isFirst && known === undefined && status !== 'running') {
        this._numbers.set(run_id, OVER);
      } else if (known !== OVER) {
        await this._pollRun(run_id, known ?? -1);
      }
    }
  }

  private async _pollRun(runId: string, after: number): Promise<void> {
    const { events, finished } = await this._client.events(this._path, runId, after);
    this._numbers.set(runId, after);
    for (const event of events) {
      this._emit(event);
    }
    if (finished) {
      this._numbers.set(runId, OVER);
    }
  }

  private _emit(event: IRunEvent): void {
    const known = this._numbers.get(event.run_id) ?? -1;
    this._numbers.set(event.run_id, Math.max(known, event.number ?? known));
    if (event.event === 'run-finished') {
      this._numbers.set(event.run_id, OVER);
    }
    if (!this._stopped.signal.aborted) {
      this._listener.onEvent(event);
    }
  }

  private _sleep(milliseconds: number): Promise<void> {
    const { signal } = this._stopped;
    return new Promise(resolve => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, milliseconds);
      signal.addEventListener('abort', end);
    });
  }

  private readonly _stopped = new AbortController();
  private _resume: (() => void) | null = null;
  private readonly _numbers = new Map<string, number>();
  private _after = '';
  private _polls = false;
  private _hasPolled = false;
}

/** What ended a stream: mostly the server, or the way to it. */
function lost(error: unknown): RequestProblem {
  if (error instanceof RequestProblem) {
    return error;
  }
  return new RequestProblem(error instanceof SyntaxError ? 'garbled' : 'offline', messageOf(error));
}
