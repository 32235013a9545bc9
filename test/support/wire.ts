import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { attachFields, AMQP_HEADER, SASL_HEADER, decodeFrame, encodeFrame, state } from './wire-frames.js';
import type { Fields, WireFrame } from './wire-frames.js';

/** A link as the script knows it: the handles both sides use. */
export interface WireLink {
  readonly channel: number;
  /** The handle the script uses. */
  readonly handle: number;
  /** What the other side said in its attach. */
  readonly attach: WireFrame;
}

/**
 * One AMQP connection, frame by frame: a test says what to write and what to wait for. It checks nothing, answers
 * nothing but a close by itself, and can write anything.
 */
export class Wire {
  readonly socket: Socket;
  /** Frames that have come and that nobody has read yet. Empty frames are left out. */
  readonly unread: WireFrame[] = [];
  /** Resolves when the socket is gone. */
  readonly closed: Promise<void>;
  /** How many bytes have come. */
  received = 0;
  #input: Buffer = Buffer.alloc(0);
  #isClosed = false;
  #wake: (() => void)[] = [];
  #nextHandle = 0;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#isClosed = true;
        this.#wakeAll();
        resolve();
      });
    });
  }

  /** Dials a listener, as a client without SASL, and exchanges open frames. */
  static async dial(port: number, open: Fields = {}, localAddress?: string): Promise<Wire> {
    const wire = await Wire.connect(port, localAddress);
    wire.write(AMQP_HEADER);
    wire.send('open', { container_id: 'scripted', ...open });
    await wire.read('open');
    return wire;
  }

  /** Dials a listener, from another address of this machine if one is given, and says nothing. */
  static async connect(port: number, localAddress?: string): Promise<Wire> {
    const socket = connect({ port, host: '127.0.0.1', ...(localAddress === undefined ? {} : { localAddress }) });
    await once(socket, 'connect');
    return new Wire(socket);
  }

  /** Writes bytes as they are. */
  write(...bytes: Buffer[]): void {
    this.socket.write(bytes.length === 1 ? bytes[0]! : Buffer.concat(bytes));
  }

  /** Writes a frame. */
  send(name: string, fields: Fields = {}, channel = 0, payload?: Buffer): void {
    this.write(encodeFrame(name, fields, channel, payload));
  }

  /** Takes the next frame of this name, now or when it comes. Others stay unread. */
  async read(name: string, matches: (frame: WireFrame) => boolean = () => true): Promise<WireFrame> {
    for (;;) {
      const index = this.unread.findIndex((frame) => frame.name === name && matches(frame));
      if (index >= 0) return this.unread.splice(index, 1)[0]!;
      if (this.#isClosed) throw new Error(`The connection closed before ${name} came; unread: ${this.#unreadNames()}`);
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  /** Takes the next frame, whatever it is; `undefined` when the connection has closed. */
  async next(): Promise<WireFrame | undefined> {
    while (this.unread.length === 0 && !this.#isClosed) await new Promise<void>((resolve) => this.#wake.push(resolve));
    return this.unread.shift();
  }

  /** Takes this many frames of this name. */
  async readAll(name: string, count: number): Promise<WireFrame[]> {
    const frames: WireFrame[] = [];
    while (frames.length < count) frames.push(await this.read(name));
    return frames;
  }

  /** Waits until `condition` holds; looked at again whenever bytes come. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.#isClosed) throw new Error(`The connection closed; unread: ${this.#unreadNames()}`);
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  /** Answers a dialling client up to its open frame: SASL first, then AMQP. Returns the client's open frame. */
  async answerOpen(open: Fields = {}, mechanisms: readonly string[] = ['ANONYMOUS']): Promise<WireFrame> {
    await this.answerSasl(mechanisms, 0);
    await this.read('header');
    this.write(AMQP_HEADER);
    this.send('open', { container_id: 'scripted', ...open });
    return this.read('open');
  }

  /** Answers the SASL exchange of a client with this code: 0 is a welcome, 1 a refusal. */
  async answerSasl(mechanisms: readonly string[], code: number): Promise<WireFrame> {
    await this.read('header');
    this.write(SASL_HEADER);
    this.send('sasl_mechanisms', { sasl_server_mechanisms: mechanisms });
    const init = await this.read('sasl_init');
    this.send('sasl_outcome', { code });
    return init;
  }

  /** Answers the next begin on the same channel. */
  async answerBegin(fields: Fields = {}): Promise<WireFrame> {
    const begin = await this.read('begin');
    this.send('begin', { ...WINDOWS, remote_channel: begin.channel, ...fields }, begin.channel);
    return begin;
  }

  /** Answers the next attach, with the termini it names. A sender link gets no credit by it. */
  async answerAttach(fields: Fields = {}): Promise<WireLink> {
    const attach = await this.read('attach');
    const { name, role, source, target } = attach.fields;
    const handle = this.#nextHandle++;
    const isSender = role === true; // they receive, so the script sends
    this.send(
      'attach',
      { name, handle, role: !isSender, source, target, ...(isSender ? { initial_delivery_count: 0 } : {}), ...fields },
      attach.channel,
    );
    return { channel: attach.channel, handle, attach };
  }

  /** Answers open, begin and attach: what a client does before its first message. */
  async answerLink(options: { open?: Fields; begin?: Fields; attach?: Fields } = {}): Promise<WireLink> {
    await this.answerOpen(options.open);
    await this.answerBegin(options.begin);
    return this.answerAttach(options.attach);
  }

  /** Begins a session. Resolves when it has been answered. */
  async begin(fields: Fields = {}, channel = 0): Promise<void> {
    this.send('begin', { ...WINDOWS, ...fields }, channel);
    await this.read('begin');
  }

  /** Attaches a link on which the script sends to `address`, or receives from it. Resolves when it has been answered. */
  async attach(role: 'sender' | 'receiver', address: string, fields: Fields = {}, channel = 0): Promise<WireLink> {
    const handle = this.#nextHandle++;
    this.send('attach', { ...attachFields(role, address, handle), ...fields }, channel);
    return { channel, handle, attach: await this.read('attach') };
  }

  /** Gives the other side credit to send, counted from `delivery_count`. */
  grant(link: WireLink, credit: number, fields: Fields = {}): void {
    this.send(
      'flow',
      { ...FLOW, handle: link.handle, delivery_count: 0, link_credit: credit, ...fields },
      link.channel,
    );
  }

  /** Sends a message, or a part of one. */
  transfer(link: WireLink, id: number | undefined, body: Buffer, fields: Fields = {}): void {
    const named = id === undefined ? {} : { delivery_id: id, delivery_tag: Buffer.from(String(id)) };
    this.send('transfer', { handle: link.handle, message_format: 0, ...named, ...fields }, link.channel, body);
  }

  /** Says of deliveries that came that they are accepted and settled. */
  accept(link: WireLink, first: number, last: number = first): void {
    this.send('disposition', { role: true, first, last, settled: true, state: state('accepted') }, link.channel);
  }

  /** Cuts the socket. */
  destroy(): void {
    this.socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.received += chunk.length;
    let input = this.#input.length === 0 ? chunk : Buffer.concat([this.#input, chunk]);
    while (input.length >= 8) {
      const size = input.toString('latin1', 0, 4) === 'AMQP' ? 8 : input.readUInt32BE(0);
      if (input.length < size) break;
      const frame = decodeFrame(input.subarray(0, size));
      if (frame.name !== 'empty') this.unread.push(frame);
      if (frame.name === 'close') this.#answerClose();
      input = input.subarray(size);
    }
    this.#input = input;
    this.#wakeAll();
  }

  #answerClose(): void {
    if (this.socket.writable) this.socket.end(encodeFrame('close'));
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  #unreadNames(): string {
    return this.unread.map(({ name }) => name).join(', ') || 'nothing';
  }
}

const WINDOWS = { next_outgoing_id: 0, incoming_window: 0x7fff_ffff, outgoing_window: 0x7fff_ffff };
const FLOW = { ...WINDOWS, next_incoming_id: 0 };
