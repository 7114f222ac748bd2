import type { Drafts } from './parameters';

/** Where drafts outlive a reload of the page; JupyterLab's state database is one. */
export interface IDraftStore {
  fetch(): Promise<unknown>;
  save(drafts: Record<string, Drafts>): Promise<void>;
}

const MOST_NOTEBOOKS = 50;

/** What was typed into the forms, by notebook. Secrets are forgotten with the page. */
export class DraftMemory {
  get(path: string): Drafts {
    return this._drafts.get(path) ?? {};
  }

  /** `secrets` names the parameters whose values are never written down. */
  set(path: string, drafts: Drafts, secrets: ReadonlySet<string>): void {
    this._drafts.set(path, drafts);
    const shown = Object.entries(drafts).filter(([name]) => !secrets.has(name));
    this._kept.delete(path); // the newest stands last
    if (shown.length) {
      this._kept.set(path, Object.fromEntries(shown));
    }
    void this._store?.save(Object.fromEntries([...this._kept].slice(-MOST_NOTEBOOKS)));
  }

  /** Take up what was kept, as far as it can be understood; what was typed meanwhile stays. */
  async restore(store: IDraftStore): Promise<void> {
    this._store = store;
    const kept = await store.fetch();
    for (const [path, drafts] of Object.entries(isObject(kept) ? kept : {})) {
      if (isObject(drafts) && Object.values(drafts).every(one => typeof one === 'string')) {
        this._kept.set(path, drafts as Drafts);
        this._drafts.set(path, { ...(drafts as Drafts), ...this._drafts.get(path) });
      }
    }
  }

  private _store: IDraftStore | null = null;
  private readonly _drafts = new Map<string, Drafts>();
  private readonly _kept = new Map<string, Drafts>();
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
