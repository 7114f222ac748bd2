import { asProblem, type RequestProblem } from './problem';

/** Milliseconds between attempts: the first, and the longest. */
export interface IContactTimes {
  retry: number;
  retryAtMost: number;
}

const TIMES: IContactTimes = { retry: 1000, retryAtMost: 15000 };

/** What the owner of a `Contact` gives it, and is told. */
export interface IContactOwner {
  /** Asks the server extension for its version; rejects with `RequestProblem`. */
  ask(): Promise<string>;
  /** When the Jupyter server was started: an extension that is not there comes with the next start. */
  serverStart(): Promise<string>;
  /** Whether anybody looks: else nothing is asked. */
  isSeen(): boolean;
  onReached(version: string): void;
  onProblem(problem: RequestProblem): void;
}

/** Asks whether the server extension is there until it answers, ever more slowly. */
export class Contact {
  constructor(
    private readonly _owner: IContactOwner,
    private readonly _times: IContactTimes = TIMES
  ) {
    this._wait = _times.retry;
  }

  /** Ask now. */
  make(): void {
    this._wait = this._times.retry;
    this._start = '';
    void this._try();
  }

  /** Ask now if all was well last time, else in a while. */
  makeSoon(): void {
    if (this._isCalm) {
      this._isCalm = false;
      this.make();
    } else {
      this.makeLater();
    }
  }

  /** Ask in a while, each time in a longer one until all was well. */
  makeLater(): void {
    clearTimeout(this._timer);
    this._timer = setTimeout(
      () => (this._owner.isSeen() ? this._try() : this.makeLater()),
      this._wait
    );
    this._wait = Math.min(this._wait * 2, this._times.retryAtMost);
  }

  /** All is well. */
  relax(): void {
    this._isCalm = true;
    this._wait = this._times.retry;
  }

  stop(): void {
    this._turn++;
    clearTimeout(this._timer);
  }

  private async _try(): Promise<void> {
    clearTimeout(this._timer);
    const turn = ++this._turn;
    try {
      const isAsBefore = this._start !== '' && (await this._owner.serverStart()) === this._start;
      const version = isAsBefore ? null : await this._owner.ask();
      if (turn !== this._turn) {
        return;
      }
      if (version === null) {
        this.makeLater();
      } else {
        this._owner.onReached(version);
      }
    } catch (error) {
      await this._fail(asProblem(error), turn);
    }
  }

  private async _fail(problem: RequestProblem, turn: number): Promise<void> {
    const isMissing = problem.kind === 'missing';
    const start = isMissing ? await this._owner.serverStart().catch(() => '') : '';
    if (turn === this._turn) {
      this._start = start;
      this._owner.onProblem(problem);
      this.makeLater();
    }
  }

  /** Of a server without the extension, when it was started. */
  private _start = '';
  private _isCalm = true;
  private _wait: number;
  private _turn = 0;
  private _timer: ReturnType<typeof setTimeout> | undefined;
}
