import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PipelineClient } from '../src/client/client';
import type { IPostedCell, IRunEvent, ITextEdit } from '../src/client/documents';
import { RequestProblem } from '../src/client/problem';
import { PipelineModel } from '../src/model/model';
import { countsOf, stepStates } from '../src/model/steps';
import type { ICellOutputs, INotebookView } from '../src/notebook/view';
import { answer, type ISample, SAMPLES } from './samples';

/** A notebook that lies in memory. */
class MemoryNotebook implements INotebookView {
  constructor(
    readonly path: string,
    public cells: IPostedCell[]
  ) {}

  isPython = true;
  isDirty = false;
  saves = 0;
  revealed: unknown[] = [];
  edits: unknown[] = [];
  shown: ICellOutputs[] = [];
  readonly changed = new Signal<this, void>(this);
  readonly saved = new Signal<this, void>(this);

  snapshot() {
    return { cells: [...this.cells], metadata: {} };
  }

  async save() {
    this.saves++;
    this.isDirty = false;
    this.saved.emit();
  }

  async reveal(cellId: string, line?: number | null) {
    this.revealed.push([cellId, line]);
  }

  edit(edits: readonly ITextEdit[], cellIds: readonly string[]) {
    this.edits.push(...edits.map(edit => [cellIds[edit.cell], edit.text]));
  }

  setOutputs(outputs: readonly ICellOutputs[]) {
    this.shown.push(...outputs);
  }

  type(index: number, source: string) {
    this.cells = this.cells.map((cell, at) => (at === index ? { ...cell, source } : cell));
    this.isDirty = true;
    this.changed.emit();
  }
}

/** A server that gives the samples, or what a test puts in their place. */
class SampleServer {
  readonly asked: { route: string; body: Record<string, unknown> }[] = [];
  readonly replies = new Map<string, () => Response | Promise<Response>>();
  private _push: ((text: string) => void) | null = null;
  private _fail: (() => void) | null = null;

  constructor() {
    this.give('GET status', SAMPLES.status);
    this.give('POST analyze', SAMPLES.analyze);
    this.give('POST plan', SAMPLES.plan);
    this.give('GET runs', SAMPLES.runsNone);
    this.give('POST runs', SAMPLES.runStarted);
    const headers = { 'Content-Type': 'text/event-stream' };
    this.replies.set('GET stream', () => new Response(this._stream(), { headers }));
  }

  readonly transport = async (path: string, init: RequestInit = {}) => {
    const route = `${init.method ?? 'GET'} ${path.split('?')[0]}`;
    this.asked.push({ route, body: init.body ? JSON.parse(String(init.body)) : {} });
    const reply = this.replies.get(route);
    if (!reply) {
      throw new Error(`nobody answers ${route}`);
    }
    return reply();
  };

  give(route: string, sample: ISample) {
    this.replies.set(route, () => answer(sample));
  }

  count(route: string) {
    return this.asked.filter(one => one.route === route).length;
  }

  send(events: readonly IRunEvent[]) {
    for (const event of events) {
      this._push?.(`id: ${event.run_id}:${event.number}\ndata: ${JSON.stringify(event)}\n\n`);
    }
  }

  /** End the stream as a server does that is killed. */
  breakOff() {
    this._fail?.();
  }

  private _stream() {
    const encoder = new TextEncoder();
    return new ReadableStream({
      start: controller => {
        this._push = text => controller.enqueue(encoder.encode(text));
        this._fail = () => controller.error(new TypeError('network error'));
        this._push(': hello\n\n');
      }
    });
  }
}

const CELLS = SAMPLES.analyze.request.body.notebook.cells as unknown as IPostedCell[];
const VERSION = SAMPLES.status.reply.version;

let server: SampleServer;
let notebook: MemoryNotebook;
let model: PipelineModel;

beforeEach(() => {
  vi.useFakeTimers();
  server = new SampleServer();
  notebook = new MemoryNotebook('nb.ipynb', CELLS);
  model = new PipelineModel(new PipelineClient(server.transport, 'tab'), VERSION);
});

afterEach(() => {
  model.follow(null);
  vi.useRealTimers();
});

const settle = (milliseconds = 0) => vi.advanceTimersByTimeAsync(milliseconds);

async function open() {
  model.follow(notebook);
  await settle();
}

describe('a notebook with steps', () => {
  it('is analysed, planned and listed at once', async () => {
    await open();
    expect(stepStates(model.state).map(step => [step.name, step.word])).toEqual([
      ['measure', 'new'],
      ['tell', 'new']
    ]);
    expect(model.state.runs).toEqual([]);
    expect(model.state.otherVersion).toBe('');
  });

  it('is analysed once after many edits', async () => {
    await open();
    for (let count = 0; count < 6; count++) {
      notebook.type(5, `size + ${count}`);
      await settle(100);
    }
    expect(server.count('POST analyze')).toBe(1);
    await settle(300);
    expect(server.count('POST analyze')).toBe(2);
  });

  it('shows the newest analysis, whichever answer comes first', async () => {
    await open();
    const answers: ((response: Response) => void)[] = [];
    server.replies.set('POST analyze', () => new Promise(resolve => answers.push(resolve)));
    notebook.type(5, 'older');
    await settle(300);
    notebook.type(5, 'newer');
    await settle(300);
    answers[1]?.(answer(SAMPLES.analyze));
    await settle();
    answers[0]?.(answer(SAMPLES.analyzeProblems));
    await settle();
    expect(model.state.analysis?.graph.steps.map(step => step.name)).toEqual(['measure', 'tell']);
  });

  it('knows which steps are edited and not saved', async () => {
    await open();
    notebook.type(4, `${CELLS[4]?.source}\nprint(1)`);
    await settle(300);
    expect([...model.state.edited]).toEqual(['tell']);
    notebook.type(2, '%%parameters\nradius = 3.0\nunit: str = "cm"');
    await settle(300);
    expect([...model.state.edited]).toEqual(['measure', 'tell']);
    await notebook.save();
    await settle();
    expect([...model.state.edited]).toEqual([]);
    notebook.type(1, `# a word on area\n${CELLS[1]?.source}`);
    await settle(300);
    expect([...model.state.edited]).toEqual([]);
  });

  it('knows a step that is tagged by metadata and not saved', async () => {
    await open();
    const tagged = { stepmill: { step: 'tell' } };
    notebook.cells = CELLS.map((cell, at) => (at === 4 ? { ...cell, metadata: tagged } : cell));
    notebook.isDirty = true;
    notebook.changed.emit();
    await settle(300);
    expect([...model.state.edited]).toEqual(['tell']);
  });

  it('keeps the last graph while a cell cannot be read', async () => {
    await open();
    const broken = structuredClone(SAMPLES.analyzeProblems);
    const [first] = broken.reply.graph.diagnostics;
    if (first) {
      first.code = 'SM110';
    }
    server.give('POST analyze', broken);
    notebook.type(4, '(');
    await settle(300);
    expect(model.state.shown?.graph.steps.map(step => step.name)).toEqual(['measure', 'tell']);
    expect(model.state.unreadable?.line).toBe(2);
    server.give('POST analyze', SAMPLES.analyze);
    notebook.type(4, '()');
    await settle(300);
    expect(model.state.unreadable).toBeNull();
  });

  it('counts its problems and shows their line', async () => {
    server.give('POST analyze', SAMPLES.analyzeProblems);
    await open();
    expect(countsOf(model.state)).toMatchObject({ errors: 1, warnings: 1 });
    const [problem] = model.state.analysis?.graph.diagnostics ?? [];
    if (problem) {
      await model.go.toDiagnostic(problem);
    }
    expect(notebook.revealed).toEqual([['c0', 2]]);
  });
});

describe('a notebook of another language', () => {
  it('is left alone, until its kernel says that it is Python', async () => {
    notebook.isPython = false;
    model.isShown = true;
    await open();
    expect(server.asked).toEqual([]);
    notebook.isPython = true;
    notebook.changed.emit();
    await settle(300);
    expect(model.state.notebook?.isPython).toBe(true);
    expect(server.count('POST analyze')).toBe(1);
  });
});

describe('a plan', () => {
  it('is asked for only where there is something to run', async () => {
    server.give('POST analyze', SAMPLES.analyzeProblems);
    await open();
    expect(server.count('POST plan')).toBe(0);
    server.give('POST analyze', SAMPLES.analyze);
    notebook.type(5, 'mended');
    await settle(300);
    expect(server.count('POST plan')).toBe(1);
  });
});

describe('a run', () => {
  it('saves, sends what differs, follows the events, and is listed', async () => {
    await open();
    model.edit('radius', '3');
    model.edit('unit', 'cm');
    await settle(300);
    notebook.isDirty = true;
    const started = model.run();
    expect(model.state.activity).toBe('starting');
    await settle();
    await started;
    expect(notebook.saves).toBe(1);
    const sent = server.asked.find(one => one.route === 'POST runs')?.body;
    expect(sent).toEqual({ path: 'nb.ipynb', parameters: { radius: 3 } });
    expect(stepStates(model.state).map(step => step.word)).toEqual(['queued', 'queued']);

    server.give('GET runs', SAMPLES.runs);
    server.give('POST plan', SAMPLES.planCached);
    server.send(SAMPLES.events.reply.events as unknown as IRunEvent[]);
    await settle();
    expect(model.state.run?.status).toBe('succeeded');
    expect(model.state.runs).toHaveLength(SAMPLES.runs.reply.runs.length);
    expect(stepStates(model.state).map(step => step.word)).toEqual(['fresh', 'fresh']);
  });

  it('that a terminal started is shown as it fails', async () => {
    await open();
    const events = SAMPLES.eventsFailed.reply.events as unknown as IRunEvent[];
    server.send(events.slice(0, -1));
    await settle();
    expect(model.state.run?.steps.b?.status).toBe('failed');
    expect(model.state.run?.status).toBe('running');
    server.send(events.slice(-1));
    await settle();
    expect(model.state.run?.status).toBe('failed');
  });

  it('that is refused leaves its diagnostics', async () => {
    await open();
    server.give('POST runs', SAMPLES.errorDiagnostics);
    const started = model.run();
    await settle();
    await started;
    expect(model.state.refusal).toMatchObject({ kind: 'refused' });
    expect(model.state.refusal?.diagnostics).toHaveLength(1);
    expect(model.state.activity).toBe('idle');
  });

  it('waits its turn while another one holds the project', async () => {
    await open();
    server.give('POST runs', SAMPLES.errorLocked);
    const started = model.run();
    await settle();
    await started;
    expect(model.state.refusal?.kind).toBe('busy');
  });

  it('is found again when the page is loaded', async () => {
    server.give('GET runs', SAMPLES.runs);
    await open();
    expect(model.state.run?.status).toBe('succeeded');
  });
});

describe('a server', () => {
  it('is asked nothing about a notebook without steps, until the panel is shown', async () => {
    notebook.cells = [{ id: 'c', cell_type: 'code', source: 'x = 1', metadata: {} }];
    await open();
    notebook.type(0, 'x = 2');
    await settle(1000);
    expect(server.asked).toEqual([]);
    model.isShown = true;
    await settle();
    expect(server.count('POST analyze')).toBe(1);
  });

  it('without the extension is told as such', async () => {
    for (const route of server.replies.keys()) {
      server.replies.set(route, () => new Response('<html>', { status: 404 }));
    }
    await open();
    expect(model.state.serverProblem?.kind).toBe('missing');
    expect(model.state.runs).toBeNull();
    expect(server.asked.map(one => one.route)).toEqual(['GET status']);
  });

  it('without the extension is asked again when the panel is shown again, and then everything', async () => {
    server.replies.set('GET status', () => new Response('<html>', { status: 404 }));
    await open();
    server.give('GET status', SAMPLES.status);
    model.isShown = true;
    await settle();
    expect(model.state.serverProblem).toBeNull();
    expect(model.state.shown?.graph.steps).toHaveLength(2);
    expect(model.state.runs).toEqual([]);
  });

  it('of another version that does not know the history is told apart from none', async () => {
    await open();
    server.replies.set('GET runs', () => new Response('<html>', { status: 404 }));
    model.refresh();
    await settle();
    expect(model.state.serverProblem).toBeNull();
    expect(model.state.runsProblem?.kind).toBe('unknown');
  });

  it('of another version is named', async () => {
    server.give('GET status', { status: 200, reply: { version: '99.0' } });
    await open();
    expect(model.state.otherVersion).toBe('99.0');
  });

  it('whose stream breaks off is asked whether it is there, and then for the rest of the stream', async () => {
    await open();
    server.breakOff();
    server.replies.set('GET status', () => Promise.reject(new RequestProblem('offline', 'gone')));
    await settle();
    expect(model.state.serverProblem?.kind).toBe('offline');
    server.give('GET status', { status: 200, reply: { version: '99.0' } });
    model.isShown = true;
    await settle();
    expect(model.state.serverProblem).toBeNull();
    expect(model.state.otherVersion).toBe('99.0');
    expect(server.count('GET stream')).toBe(2);
    expect(server.count('POST plan')).toBe(2);
  });

  it('that comes back is asked again by itself', async () => {
    model.isShown = true;
    await open();
    server.replies.set('POST analyze', () => Promise.reject(new RequestProblem('offline', 'gone')));
    notebook.type(4, 'print(size)');
    await settle(300);
    expect(model.state.serverProblem?.kind).toBe('offline');
    expect(model.state.shown?.graph.steps).toHaveLength(2);
    server.give('POST analyze', SAMPLES.analyze);
    await settle(2000);
    expect(model.state.serverProblem).toBeNull();
  });
});

it('keeps what was typed into the form of each notebook', async () => {
  await open();
  model.edit('radius', '7');
  model.follow(new MemoryNotebook('other.ipynb', CELLS));
  expect(model.state.drafts).toEqual({});
  model.follow(notebook);
  expect(model.state.drafts).toEqual({ radius: '7' });
});

describe('errands', () => {
  it('runs only what it is told to', async () => {
    await open();
    await model.run({ from: ['tell'] });
    const started = server.asked.find(one => one.route === 'POST runs');
    expect(started?.body).toMatchObject({ path: 'nb.ipynb', from: ['tell'] });
  });

  it('saves before a step is opened with its inputs', async () => {
    await open();
    server.give('POST open-step', { status: 201, reply: { schema: 1, path: 'nb-tell.ipynb' } });
    expect(await model.errands.openStep('tell')).toBe('nb-tell.ipynb');
    expect(notebook.saves).toBe(1);
    const asked = server.asked.find(one => one.route === 'POST open-step');
    expect(asked?.body).toEqual({ path: 'nb.ipynb', step: 'tell', parameters: {} });
    expect(model.state).toMatchObject({ isOnErrand: false, errandProblem: null });
  });

  it('says why there is nothing to suggest, until that is dismissed', async () => {
    await open();
    server.give('POST suggest', SAMPLES.errorDiagnostics);
    expect(await model.errands.suggest(false)).toBeNull();
    expect(model.state.errandProblem?.message).toBeTruthy();
    expect(model.state.isOnErrand).toBe(false);
    model.errands.dismiss();
    expect(model.state.errandProblem).toBeNull();
  });

  it('takes outputs of cells that are as they ran', async () => {
    await open();
    const ran = [3, 4].map(index => ({
      index,
      id: `c${index}`,
      source: index === 3 ? CELLS[3]?.source : 'something else',
      outputs: [],
      execution_count: index
    }));
    server.give('GET runs/r/outputs', { status: 200, reply: { schema: 1, cells: ran } });
    expect(await model.errands.acceptOutputs('r')).toEqual({
      taken: 1,
      skipped: 1,
      hasHtml: false
    });
    expect(notebook.shown.map(one => one.id)).toEqual(['c3']);
  });

  it('makes no fix in cells that changed under it', async () => {
    server.give('POST analyze', SAMPLES.analyzeProblems);
    await open();
    const edit = { cell: 0, line: 1, column: 0, end_line: 1, end_column: 0, text: 'x = 0\n' };
    const fix = { title: 'define it', automatic: false, edits: [edit] };
    model.errands.fix(fix);
    expect(notebook.edits).toEqual([['c0', 'x = 0\n']]);
    notebook.type(1, 'typed elsewhere');
    model.errands.fix(fix);
    expect(notebook.edits).toHaveLength(2);
    notebook.type(0, 'typed meanwhile');
    model.errands.fix(fix);
    expect(notebook.edits).toHaveLength(2);
    await settle(300);
    model.errands.fix(fix);
    expect(notebook.edits).toHaveLength(3);
  });
});

it('has the drafts of before a reload', async () => {
  await open();
  await model.restoreDrafts({
    fetch: async () => ({ 'nb.ipynb': { radius: '4.0' } }),
    save: async () => {}
  });
  expect(model.state.drafts).toEqual({ radius: '4.0' });
});
