import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ILog } from '../src/client/documents';
import { DraftMemory, type IDraftStore } from '../src/model/draft-memory';
import { type ILogText, LogFollower } from '../src/model/log-follower';
import type { Drafts } from '../src/model/parameters';

class Store implements IDraftStore {
  constructor(public kept: unknown = undefined) {}

  async fetch() {
    return this.kept;
  }

  async save(drafts: Record<string, Drafts>) {
    this.kept = drafts;
  }
}

describe('DraftMemory', () => {
  it('gives back after a reload what was typed before it, except secrets', async () => {
    const store = new Store();
    const before = new DraftMemory();
    await before.restore(store);
    before.set('a.ipynb', { factor: '3', api_key: 's3cret' }, new Set(['api_key']));
    expect(before.get('a.ipynb')).toEqual({ factor: '3', api_key: 's3cret' });
    const after = new DraftMemory();
    await after.restore(new Store(store.kept));
    expect(after.get('a.ipynb')).toEqual({ factor: '3' });
    expect(JSON.stringify(store.kept)).not.toContain('s3cret');
  });

  it('forgets what was taken back, and notebooks of long ago', async () => {
    const store = new Store();
    const memory = new DraftMemory();
    await memory.restore(store);
    for (let number = 0; number < 60; number++) {
      memory.set(`${number}.ipynb`, { x: '1' }, new Set());
    }
    memory.set('59.ipynb', {}, new Set());
    const names = Object.keys(store.kept as object);
    expect(names).toHaveLength(50);
    expect(names.at(-1)).toBe('58.ipynb');
  });

  it.each([null, 3, [], { 'a.ipynb': 3 }, { 'a.ipynb': { x: 3 } }])(
    'passes over %j',
    async kept => {
      const memory = new DraftMemory();
      await memory.restore(new Store(kept));
      expect(memory.get('a.ipynb')).toEqual({});
    }
  );
});

describe('LogFollower', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function follow(replies: (ILog | Error)[], isLive: boolean, isHidden = () => false) {
    const asked: number[] = [];
    let shown: ILogText = { text: '', problem: null };
    const ask = async (after: number) => {
      asked.push(after);
      const reply = replies.shift() ?? { text: '', start: after, end: after };
      if (reply instanceof Error) {
        throw reply;
      }
      return reply;
    };
    const follower = new LogFollower(ask, log => (shown = log), isLive, isHidden);
    return { asked, follower, shown: () => shown };
  }

  it('puts together what comes piece by piece', async () => {
    const { asked, shown, follower } = follow(
      [
        { text: 'a\n', start: 0, end: 2 },
        { text: 'b\n', start: 2, end: 4 }
      ],
      true
    );
    await vi.advanceTimersByTimeAsync(2500);
    expect(shown().text).toBe('a\nb\n');
    expect(asked).toEqual([0, 2, 4]);
    follower.stop();
    await vi.advanceTimersByTimeAsync(5000);
    expect(asked).toHaveLength(3);
  });

  it('begins anew with a step that is tried again', async () => {
    const { shown, follower } = follow(
      [
        { text: 'first try\n', start: 0, end: 10 },
        { text: 'again\n', start: 0, end: 6 }
      ],
      true
    );
    await vi.advanceTimersByTimeAsync(1500);
    expect(shown().text).toBe('again\n');
    follower.stop();
  });

  it('asks once for a step that is over', async () => {
    const { asked } = follow([], false);
    await vi.advanceTimersByTimeAsync(5000);
    expect(asked).toEqual([0]);
  });

  it('keeps what it has when the server is out of reach, and says so until it is back', async () => {
    const { shown, follower } = follow(
      [{ text: 'a', start: 0, end: 1 }, new Error('no answer'), { text: '', start: 1, end: 1 }],
      true
    );
    await vi.advanceTimersByTimeAsync(1500);
    expect(shown()).toMatchObject({ text: 'a', problem: { message: 'no answer' } });
    await vi.advanceTimersByTimeAsync(1000);
    expect(shown()).toEqual({ text: 'a', problem: null });
    follower.stop();
  });

  it('asks nothing while the page is hidden', async () => {
    const { asked, follower } = follow([], true, () => true);
    await vi.advanceTimersByTimeAsync(5000);
    expect(asked).toEqual([]);
    follower.stop();
  });
});
