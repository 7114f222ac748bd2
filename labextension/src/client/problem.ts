import type { IDiagnostic, IErrorDocument } from './documents';

/**
 * Why a request came to nothing, by what the user can do about it:
 * `missing` – no server extension answers there; `offline` – nothing answers; `forbidden` – not
 * allowed; `refused` – the notebook or the values are in the way; `busy` – another run holds the
 * project; `unsaved` – the notebook could not be saved; `failed` – the server's own trouble.
 */
export type ProblemKind =
  | 'missing'
  | 'offline'
  | 'forbidden'
  | 'refused'
  | 'busy'
  | 'unsaved'
  | 'failed';

export class RequestProblem extends Error {
  constructor(
    readonly kind: ProblemKind,
    message: string,
    readonly hint = '',
    readonly diagnostics: readonly IDiagnostic[] = [],
    readonly code = ''
  ) {
    super(message);
  }

  /** A newer request of ours took this one's place. */
  get isSuperseded(): boolean {
    return this.code === SUPERSEDED;
  }
}

const SUPERSEDED = 'SM091';
const KINDS: Record<number, ProblemKind> = {
  401: 'forbidden',
  403: 'forbidden',
  409: 'busy',
  422: 'refused'
};

/** Read the reply to a request that failed. A 404 without our document comes from a server without us. */
export function problemOf(status: number, body: string): RequestProblem {
  const document = parse(body);
  const error = document?.error;
  if (!error) {
    const kind = status === 404 ? 'missing' : (KINDS[status] ?? 'failed');
    return new RequestProblem(kind, document?.message ?? `HTTP ${status}`);
  }
  return new RequestProblem(
    KINDS[status] ?? 'failed',
    error.message ?? `HTTP ${status}`,
    error.hint ?? '',
    document?.diagnostics ?? [],
    error.code ?? ''
  );
}

/** Whatever was thrown, as a problem. */
export function asProblem(error: unknown): RequestProblem {
  if (error instanceof RequestProblem) {
    return error;
  }
  return new RequestProblem('failed', error instanceof Error ? error.message : String(error));
}

function parse(body: string): IErrorDocument | null {
  try {
    const document: unknown = JSON.parse(body);
    return typeof document === 'object' ? (document as IErrorDocument) : null;
  } catch {
    return null;
  }
}
