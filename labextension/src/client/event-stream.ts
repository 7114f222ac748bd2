/** One message of a text/event-stream; a comment is one without data. */
export interface IMessage {
  id: string;
  data: string;
}

/** Cuts the text of a stream into messages, whatever the pieces it arrives in. */
export class MessageReader {
  /** Take a piece of text; return the messages that it completes, comments included. */
  push(piece: string): IMessage[] {
    const text = this._rest + piece;
    const end = text.endsWith('\r') ? text.length - 1 : text.length; // its \n may be still to come
    const blocks = text.slice(0, end).replace(/\r\n?/g, '\n').split('\n\n');
    this._rest = (blocks.pop() ?? '') + text.slice(end);
    return blocks.filter(block => block).map(message);
  }

  private _rest = '';
}

function message(block: string): IMessage {
  const fields = block.split('\n').map(line => {
    const [name = '', ...value] = line.split(':');
    return { name, value: value.join(':').replace(/^ /, '') };
  });
  const values = (name: string) =>
    fields.filter(field => field.name === name).map(field => field.value);
  return { id: values('id').at(-1) ?? '', data: values('data').join('\n') };
}
