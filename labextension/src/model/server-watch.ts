import type { PipelineClient } from '../client/client';
import { Contact } from '../client/contact';
import type { IRunEvent } from '../client/documents';
import { LiveRuns } from '../client/live';
import type { RequestProblem } from '../client/problem';

/** What the owner of a `ServerWatch` gives it, and is told. */
export interface IWatchOwner {
  readonly client: PipelineClient;
  /** When the Jupyter server was started. */
  serverStart(): Promise<string>;
  /** Whether anybody looks: else nothing is asked. */
  isSeen(): boolean;
  /** The server answers, for the first time or again: all that is known of it may have changed. */
  onReached(version: string): void;
  onEvent(event: IRunEvent): void;
  /** Why the server does not answer as it should; null when it does. */
  onProblem(problem: RequestProblem | null): void;
}

/** Keeps in touch with the server about one notebook: whether it answers, and what runs do there. */
export class ServerWatch {
  constructor(
    private readonly _path: string,
    private readonly _owner: IWatchOwner
  ) {
    this._contact = new Contact({
      ask: () => _owner.client.version(),
      serverStart: () => _owner.serverStart(),
      isSeen: () => _owner.isSeen(),
      onReached: version => this._onReached(version),
      onProblem: problem => this._tell({ server: problem })
    });
    this._contact.make();
  }

  /** Ask at once whether the server answers; if it does, everything is asked again. */
  ask(): void {
    this._contact.make();
  }

  /** As `ask`, where it did not answer and somebody looks. */
  askIfLost(): void {
    if (this._problems.server && this._owner.isSeen()) {
      this.ask();
    }
  }

  /** Whether the server has answered since the notebook is watched. */
  get isReached(): boolean {
    return this._live !== null;
  }

  /** Note how a request went. What is wrong with the server as a whole is told, and asked about till it is over. */
  note(problem: RequestProblem): void {
    if (problem.isOfServer) {
      this._tell({ server: problem });
      this._contact.makeLater();
    }
  }

  /** Note how the analysis went, which stands for all that one sees. */
  noteAnalysis(problem: RequestProblem | null): void {
    if (problem?.isOfServer) {
      this.note(problem);
    } else if (!problem?.isSuperseded) {
      this._tell({ analysis: problem });
      this.askIfLost();
    }
  }

  stop(): void {
    this._contact.stop();
    this._live?.stop();
  }

  private _onReached(version: string): void {
    this._tell({ server: null });
    if (this._live) {
      this._live.resume();
    } else {
      const listener = {
        onEvent: (event: IRunEvent) => this._owner.onEvent(event),
        onProblem: (problem: RequestProblem | null) => this._onStream(problem)
      };
      const isHidden = () => !this._owner.isSeen();
      this._live = new LiveRuns(this._owner.client, this._path, listener, undefined, isHidden);
    }
    this._owner.onReached(version);
  }

  private _onStream(problem: RequestProblem | null): void {
    if (!problem) {
      this._contact.relax();
      this._tell({ stream: null });
    } else if (problem.isOfServer || problem.kind === 'unknown') {
      this._contact.makeSoon(); // that tells whether it is the server, or the stream alone
    } else {
      this._tell({ stream: problem });
      this._contact.makeLater();
    }
  }

  /** The server as a whole comes first, then what one sees, then what would go on. */
  private _tell(part: Partial<typeof this._problems>): void {
    const before = this._problem;
    this._problems = { ...this._problems, ...part };
    const { server, analysis, stream } = this._problems;
    this._problem = server ?? analysis ?? stream;
    if (this._problem !== before) {
      this._owner.onProblem(this._problem);
    }
  }

  private _problems: Record<'server' | 'analysis' | 'stream', RequestProblem | null> = {
    server: null,
    analysis: null,
    stream: null
  };
  private _problem: RequestProblem | null = null;
  private readonly _contact: Contact;
  private _live: LiveRuns | null = null;
}
