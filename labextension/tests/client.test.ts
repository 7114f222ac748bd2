import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PipelineClient } from '../src/client/client';
import { Contact } from '../src/client/contact';
import type { IRunEvent } from '../src/client/documents';
import { MessageReader } from '../src/client/event-stream';
import { type ILiveListener, LiveRuns } from '../src/client/live';
import { problemOf, RequestProblem } from '../src/client/problem';
import type { Transport } from '../src/client/transport';

const TIMES = { silence: 10000, poll: 1, retry: 1 };

describe('problemOf', () => {
  const document = (code: string) =>
    JSON.stringify({ error: { code, message: 'no', hint: 'do' }, diagnostics: [] });

  it.each([
    [404, '<html>', 'unknown'],
    [404, document('SM092'), 'failed'],
    [403, '{"message": "Forbidden"}', 'forbidden'],
    [409, document('SM050'), 'busy'],
    [422, document('SM020'), 'refused'],
    [500, document('SM000'), 'failed'],
    [502, 'Bad Gateway', 'offline'],
    [500, '<html>', 'failed']
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
  return new Response(`: hello\n\n${blocks.join('')}`, {
    headers: { 'Content-Type': 'text/event-stream' }
  });
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
    const times = { ...TIMES, silence: 20 };
    const live = new LiveRuns(new PipelineClient(transport), 'a.ipynb', self, times);
    await complete;
    live.stop();
    expect(heard).toEqual(EVENTS);
    expect(polls).toBe(3);
  });

  it('waits where nothing answers until it is told to go on', async () => {
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
    await pause(10);
    expect(tries).toBe(1);
    live.resume();
    await pause(10);
    expect(tries).toBe(2);
    live.resume();
    await complete;
    live.stop();
    expect(problems.slice(0, 3).map(problem => problem?.kind ?? null)).toEqual([
      'offline',
      'offline',
      null
    ]);
  });

  it('takes no login page for a stream', async () => {
    const transport: Transport = async () =>
      new Response('<html>', { headers: { 'Content-Type': 'text/html; charset=utf-8' } });
    const { self, problems } = listener(1);
    const live = new LiveRuns(new PipelineClient(transport), 'a.ipynb', self, TIMES);
    await pause(10);
    live.stop();
    expect(problems.map(problem => problem?.kind)).toEqual(['garbled']);
    expect(problems[0]?.message).toBe('HTTP 200, text/html');
  });
});

function pause(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds));
}

it('tells a login page and a reply that breaks off from a document', async () => {
  const replies = [
    () => new Response('<html>log in</html>'),
    () => new Response(new ReadableStream({ start: controller => controller.error(new Error()) })),
    () => new Response('<html>', { status: 404 })
  ];
  const client = new PipelineClient(async () => replies.shift()?.() ?? Response.error());
  const kinds = [];
  while (replies.length) {
    kinds.push(await client.version().catch(problem => problem.kind));
  }
  expect(kinds).toEqual(['garbled', 'offline', 'missing']);
});

describe('Contact', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  function contact(ask: () => Promise<string>, isSeen = () => true) {
    const told: string[] = [];
    const asked = { extension: 0, server: 0, start: 'Monday' };
    const made = new Contact(
      {
        ask: () => {
          asked.extension++;
          return ask();
        },
        serverStart: async () => {
          asked.server++;
          return asked.start;
        },
        isSeen,
        onReached: version => told.push(version),
        onProblem: problem => told.push(problem.kind)
      },
      { retry: 1000, retryAtMost: 4000 }
    );
    made.make();
    return { told, asked, made };
  }

  it('asks ever more slowly until it is answered', async () => {
    const replies = [true, true, true, true, false];
    const { told, asked } = contact(async () => {
      if (replies.shift()) {
        throw new RequestProblem('offline', 'gone');
      }
      return '1.0';
    });
    for (const [milliseconds, count] of [
      [0, 1],
      [1000, 2],
      [1999, 2],
      [1, 3],
      [4000, 4],
      [4000, 5],
      [60_000, 5]
    ] as const) {
      await vi.advanceTimersByTimeAsync(milliseconds);
      expect(asked.extension).toBe(count);
    }
    expect(told).toEqual(['offline', 'offline', 'offline', 'offline', '1.0']);
  });

  it('asks nothing while nobody looks', async () => {
    const seen = { now: false };
    const { asked } = contact(
      () => Promise.reject(new RequestProblem('offline', 'gone')),
      () => seen.now
    );
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked.extension).toBe(1);
    seen.now = true;
    await vi.advanceTimersByTimeAsync(4000);
    expect(asked.extension).toBe(2);
  });

  it('asks a server without the extension again only once it was restarted', async () => {
    const { told, asked, made } = contact(() => Promise.reject(new RequestProblem('missing', '')));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked.extension).toBe(1);
    expect(asked.server).toBeGreaterThan(5);
    asked.start = 'Tuesday';
    await vi.advanceTimersByTimeAsync(4000);
    expect(asked.extension).toBe(2);
    made.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(told).toEqual(['missing', 'missing']);
  });
});
