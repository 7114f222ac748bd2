import type { IDiagnostic, IErrorDocument } from './documents';

/**
 * Why a request came to nothing, by what the user can do about it:
 * `missing` – no server extension answers there; `unknown` – it has no such route: it is another
 * version; `offline` – nothing answers; `garbled` – something else answers in its place;
 * `forbidden` – not allowed; `refused` – the notebook or the values are in the way; `busy` – another
 * run holds the project; `unsaved` – the notebook could not be saved; `failed` – the server's own trouble.
 */
export type ProblemKind =
  | 'missing'
  | 'unknown'
  | 'offline'
  | 'garbled'
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

  /** Whether it is about the server as a whole, and may pass by itself. */
  get isOfServer(): boolean {
    return OF_SERVER.has(this.kind);
  }
}

const SUPERSEDED = 'SM091';
const OF_SERVER: ReadonlySet<ProblemKind> = new Set(['missing', 'offline', 'garbled', 'forbidden']);
const KINDS: Record<number, ProblemKind> = {
  401: 'forbidden',
  403: 'forbidden',
  409: 'busy',
  422: 'refused'
};
/** Of replies that are not ours: a server without such a route, a proxy without its server. */
const FOREIGN_KINDS: Record<number, ProblemKind> = {
  ...KINDS,
  404: 'unknown',
  424: 'offline',
  502: 'offline',
  503: 'offline',
  504: 'offline'
};

/** Read the reply to a request that failed. */
export function problemOf(status: number, body: string): RequestProblem {
  const document = parse(body);
  const error = document?.error;
  if (!error) {
    return new RequestProblem(
      FOREIGN_KINDS[status] ?? 'failed',
      document?.message ?? `HTTP ${status}`
    );
  }
  return new RequestProblem(
    KINDS[status] ?? 'failed',
    error.message ?? `HTTP ${status}`,
    error.hint ?? '',
    document?.diagnostics ?? [],
    error.code ?? ''
  );
}

/** Read the document of a reply that did not fail. Rejects with `RequestProblem`. */
export async function documentOf<T>(response: Response): Promise<T> {
  const text = await response.text().catch(error => {
    throw new RequestProblem('offline', messageOf(error)); // it broke off in the middle
  });
  try {
    return JSON.parse(text);
  } catch {
    throw foreign(response);
  }
}

/** A reply that is none of ours, though it is no error: of a login page, of a proxy. */
export function foreign(response: Response): RequestProblem {
  const type = response.headers.get('Content-Type')?.split(';')[0] ?? '';
  return new RequestProblem(
    'garbled',
    [`HTTP ${response.status}`, type].filter(Boolean).join(', ')
  );
}

/** Whatever was thrown, as a problem. */
export function asProblem(error: unknown): RequestProblem {
  return error instanceof RequestProblem ? error : new RequestProblem('failed', messageOf(error));
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function parse(body: string): IErrorDocument | null {
  try {
    const document: unknown = JSON.parse(body);
    return typeof document === 'object' ? (document as IErrorDocument) : null;
  } catch {
    return null;
  }
}
