/** Asks questions of which only the newest matters: the answer to an older one is dropped. */
export class Newest {
  /** Resolves to undefined, and swallows the error, if a newer question was asked meanwhile. */
  async ask<T>(question: () => Promise<T>): Promise<T | undefined> {
    const turn = ++this._turn;
    try {
      const answer = await question();
      return turn === this._turn ? answer : undefined;
    } catch (error) {
      if (turn === this._turn) {
        throw error;
      }
      return undefined;
    }
  }

  /** Drop the answer that is still to come. */
  forget(): void {
    this._turn++;
  }

  private _turn = 0;
}

/** Calls `action` once things have been quiet for a while. */
export class Pause {
  constructor(
    private readonly _action: () => void,
    public milliseconds: number
  ) {}

  restart(): void {
    clearTimeout(this._timer);
    this._timer = setTimeout(this._action, this.milliseconds);
  }

  cancel(): void {
    clearTimeout(this._timer);
  }

  private _timer: ReturnType<typeof setTimeout> | undefined;
}
