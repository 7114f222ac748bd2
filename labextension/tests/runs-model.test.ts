import { Signal } from '@lumino/signaling';
import { beforeEach, describe, expect, it } from 'vitest';
import historySample from '../../tests/server/samples/history.json';
import type { HistoryClient } from '../src/client/history';
import type { IHistory, IPastRun } from '../src/client/past';
import { RequestProblem } from '../src/client/problem';
import type { PipelineModel } from '../src/model/model';
import { RunsModel } from '../src/model/runs-model';

const [KNOWN] = (historySample.reply as unknown as IHistory).runs;

class Pipeline {
  state = { notebook: { path: 'a.ipynb' }, runs: [] as unknown[] };
  readonly stateChanged = new Signal<this, void>(this);

  set(state: Partial<Pipeline['state']>): void {
    this.state = { ...this.state, ...state };
    this.stateChanged.emit();
  }
}

class Server {
  asked: string[] = [];
  runsOf: Record<string, string[]> = { 'a.ipynb': ['3', '2', '1'], 'b.ipynb': ['9'] };
  refuses = false;

  async runs(path: string): Promise<IHistory> {
    this.asked.push(path);
    const runs = (this.runsOf[path] ?? []).map(id => ({ ...KNOWN, run_id: id }) as IPastRun);
    return { total: runs.length, runs };
  }

  async remove(path: string, id: string): Promise<void> {
    if (this.refuses) {
      throw new RequestProblem('refused', 'it is going on');
    }
    this.runsOf[path] = (this.runsOf[path] ?? []).filter(one => one !== id);
  }

  async restore(path: string, id: string): Promise<void> {
    if (this.refuses) {
      throw new RequestProblem('refused', 'it is going on');
    }
    this.runsOf[path] = [id, ...(this.runsOf[path] ?? [])];
  }
}

const settled = () => new Promise(resolve => setTimeout(resolve));

describe('the runs of the notebook in front', () => {
  let pipeline: Pipeline;
  let server: Server;
  let model: RunsModel;
  const ids = () => model.state.runs?.map(run => run.run_id);

  beforeEach(async () => {
    pipeline = new Pipeline();
    server = new Server();
    model = new RunsModel(pipeline as unknown as PipelineModel, server as unknown as HistoryClient);
    await settled();
  });

  it('are read when the pipeline’s were, and not otherwise', async () => {
    expect(ids()).toEqual(['3', '2', '1']);
    pipeline.set({});
    await settled();
    expect(server.asked).toHaveLength(1);
    pipeline.set({ runs: [] });
    await settled();
    expect(server.asked).toHaveLength(2);
  });

  it('are those of another notebook when that comes in front', async () => {
    model.choose('3', true);
    pipeline.set({ notebook: { path: 'b.ipynb' }, runs: [] });
    expect(model.state.runs).toBeNull();
    await settled();
    expect([ids(), model.state.chosen]).toEqual([['9'], []]);
  });

  it('are deleted, and come back', async () => {
    model.choose('3', true);
    await model.remove(['3']);
    expect([ids(), model.state.deleted, model.state.chosen]).toEqual([['2', '1'], ['3'], []]);
    await model.undo();
    expect([ids(), model.state.deleted]).toEqual([['3', '2', '1'], []]);
  });

  it('stay when the server refuses, and say why', async () => {
    server.refuses = true;
    await model.remove(['3']);
    expect(ids()).toHaveLength(3);
    expect(model.state.refusal?.message).toBe('it is going on');
    expect(model.state.deleted).toEqual([]);
  });

  it('can still come back after the server could not be reached', async () => {
    await model.remove(['3', '2']);
    server.refuses = true;
    await model.undo();
    expect(model.state.refusal?.message).toBe('it is going on');
    expect(model.state.deleted).toEqual(['3', '2']);
    server.refuses = false;
    await model.undo();
    expect([ids(), model.state.deleted, model.state.refusal]).toEqual([['2', '3', '1'], [], null]);
  });

  it('can be ticked up to eight', () => {
    for (let n = 0; n < 10; n++) {
      model.choose(String(n), true);
    }
    expect(model.state.chosen).toHaveLength(8);
  });
});
