import type { ILog } from '../client/documents';
import { asProblem, type RequestProblem } from '../client/problem';
import { plainTraceback } from './traceback';

const POLL_MS = 1000;
const KEPT_CHARACTERS = 20_000;

export interface ILogText {
  text: string;
  problem: RequestProblem | null;
}

/** Follows what a step prints: asks once for a step that is over, each second for one that runs. */
export class LogFollower {
  constructor(
    private readonly _ask: (after: number) => Promise<ILog>,
    private readonly _onText: (log: ILogText) => void,
    isLive: boolean,
    private readonly _isHidden: () => boolean = () => document.hidden
  ) {
    void this._follow(isLive);
  }

  stop(): void {
    this._isStopped = true;
    clearTimeout(this._timer);
  }

  private async _follow(isLive: boolean): Promise<void> {
    if (!this._isHidden()) {
      await this._read();
    }
    if (isLive && !this._isStopped) {
      this._timer = setTimeout(() => void this._follow(true), POLL_MS);
    }
  }

  private async _read(): Promise<void> {
    try {
      this._take(await this._ask(this._end));
    } catch (error) {
      this._tell({ ...this._log, problem: asProblem(error) });
    }
  }

  /** A log that was begun anew, or of which something was left out, takes the place of what is known. */
  private _take({ text, start, end }: ILog): void {
    const before = start === this._end ? this._log.text : '';
    if (text || this._log.problem) {
      this._end = end;
      this._tell({ text: (before + plainTraceback(text)).slice(-KEPT_CHARACTERS), problem: null });
    }
  }

  private _tell(log: ILogText): void {
    this._log = log;
    if (!this._isStopped) {
      this._onText(log);
    }
  }

  private _log: ILogText = { text: '', problem: null };
  private _end = 0;
  private _isStopped = false;
  private _timer: ReturnType<typeof setTimeout> | undefined;
}
