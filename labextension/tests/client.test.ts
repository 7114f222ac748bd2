import { describe, expect, it } from 'vitest';
import { PipelineClient } from '../src/client/client';
import type { IRunEvent } from '../src/client/documents';
import { MessageReader } from '../src/client/event-stream';
import { type ILiveListener, LiveRuns } from '../src/client/live';
import { problemOf, RequestProblem } from '../src/client/problem';
import type { Transport } from '../src/client/transport';

const TIMES = { silence: 20, poll: 1, retry: 1, retryAtMost: 4 };

describe('problemOf', () => {
  const document = (code: string) =>
    JSON.stringify({ error: { code, message: 'no', hint: 'do' }, diagnostics: [] });

  it.each([
    [404, '<html>', 'missing'],
    [404, document('SM092'), 'failed'],
    [403, '{"message": "Forbidden"}', 'forbidden'],
    [409, document('SM050'), 'busy'],
    [422, document('SM020'), 'refused'],
    [500, document('SM000'), 'failed'],
    [502, 'Bad Gateway', 'failed']
  ])('%i %s', (status, body, kind) => {
    expect(problemOf(status, body).kind).toBe(kind);
  });

  it('keeps what the server says', () => {
    expect(problemOf(422, document('SM020'))).toMatchObject({
      message: 'no',
      hint: 'do',
      code: 'SM020'
    });
    expect(problemOf(409, document('SM091')).isSuperseded).toBe(true);
  });
});

describe('MessageReader', () => {
  const text = ': hello\n\nid: r:1\ndata: {"a": 1}\n\nid: r:2\r\ndata: {"b": "x: y"}\r\n\r\n';
  const messages = [
    { id: '', data: '' },
    { id: 'r:1', data: '{"a": 1}' },
    { id: 'r:2', data: '{"b": "x: y"}' }
  ];

  it.each([[text.length], [1], [2], [7]])('reads pieces of %i characters', size => {
    const reader = new MessageReader();
    const read = [];
    for (let at = 0; at < text.length; at += size) {
      read.push(...reader.push(text.slice(at, at + size)));
    }
    expect(read).toEqual(messages);
  });
});

const EVENTS: IRunEvent[] = [
  { event: 'run-started', run_id: 'r', number: 0 },
  { event: 'step-started', run_id: 'r', number: 1, step: 'a' },
  { event: 'run-finished', run_id: 'r', number: 2, status: 'succeeded' }
];

/** A listener that resolves once so many events came. */
function listener(count: number) {
  const heard: IRunEvent[] = [];
  const problems: (RequestProblem | null)[] = [];
  let done: () => void = () => undefined;
  const complete = new Promise<void>(resolve => {
    done = resolve;
  });
  const self: ILiveListener = {
    onEvent: event => {
      heard.push(event);
      if (heard.length === count) {
        done();
      }
    },
    onProblem: problem => {
      problems.push(problem);
    }
  };
  return { self, heard, problems, complete };
}

function streamed(events: readonly IRunEvent[]): Response {
  const blocks = events.map(
    event => `id: ${event.run_id}:${event.number}\ndata: ${JSON.stringify(event)}\n\n`
  );
  return new Response(`: hello\n\n${blocks.join('')}`);
}

describe('LiveRuns', () => {
  it('goes on where a broken stream ended', async () => {
    const asked: string[] = [];
    const transport: Transport = async path => {
      asked.push(path);
      return streamed(asked.length === 1 ? EVENTS.slice(0, 2) : EVENTS.slice(2));
    };
    const { self, heard, complete } = listener(3);
    const live = new LiveRuns(new PipelineClient(transport), 'a b.ipynb', self, TIMES);
    await complete;
    live.stop();
    expect(heard).toEqual(EVENTS);
    expect(asked.slice(0, 2)).toEqual([
      'stream?path=a+b.ipynb',
      'stream?path=a+b.ipynb&after=r%3A1'
    ]);
  });

  it('polls where the stream stays silent', async () => {
    let polls = 0;
    const transport: Transport = async (path, init) => {
      if (path.startsWith('stream')) {
        return new Promise((_, reject) => {
          init?.signal?.addEventListener('abort', () => reject(new Error('aborted')));
        });
      }
      if (path.startsWith('runs?')) {
        return Response.json({ runs: [{ run_id: 'r', status: 'running' }] });
      }
      const after = Number(new URLSearchParams(path.split('?')[1]).get('after'));
      polls++;
      return Response.json({ events: EVENTS.slice(after + 1, after + 2), finished: after === 1 });
    };
    const { self, heard, complete } = listener(3);
    const live = new LiveRuns(new PipelineClient(transport), 'a.ipynb', self, TIMES);
    await complete;
    live.stop();
    expect(heard).toEqual(EVENTS);
    expect(polls).toBe(3);
  });

  it('tries again while nothing answers, and says so', async () => {
    let tries = 0;
    const transport: Transport = async () => {
      tries++;
      if (tries < 3) {
        throw new RequestProblem('offline', 'gone');
      }
      return streamed(EVENTS);
    };
    const { self, problems, complete } = listener(3);
    const live = new LiveRuns(new PipelineClient(transport), 'a.ipynb', self, TIMES);
    await complete;
    live.stop();
    expect(problems.slice(0, 3).map(problem => problem?.kind ?? null)).toEqual([
      'offline',
      'offline',
      null
    ]);
  });

  it('gives up where there is no server extension', async () => {
    let tries = 0;
    const transport: Transport = async () => {
      tries++;
      return new Response('<html>', { status: 404 });
    };
    const { self, problems } = listener(1);
    new LiveRuns(new PipelineClient(transport), 'a.ipynb', self, TIMES);
    await new Promise(resolve => setTimeout(resolve, 30));
    expect(tries).toBe(1);
    expect(problems.map(problem => problem?.kind)).toEqual(['missing']);
  });
});
