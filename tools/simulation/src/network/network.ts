import { Duplex } from 'node:stream';
import type { Process, Scheduler } from '../time/scheduler.ts';

/** Cables between the processes: octets arrive in order, after a while, or the connection is gone. */
export interface Network {
  /** Whoever connects to this port is handed over, in that process. */
  listen(port: number, process: Process, accept: (socket: Duplex) => void): void;
  /** Connections to it fail from now on, or do not. */
  setReachable(port: number, reachable: boolean): void;
  /** Every connection of this port ends, as when a cable is cut: what was on its way is lost. */
  cut(port: number): void;
  /** What `node:net` has, as far as its users here need it. */
  readonly Socket: new () => Duplex;
  connect(options: { readonly port: number }): Duplex;
}

interface Listener {
  readonly process: Process;
  readonly accept: (socket: Duplex) => void;
  reachable: boolean;
}

export function createNetwork(scheduler: Scheduler, latencyMs: () => number): Network {
  const listeners = new Map<number, Listener>();
  const open = new Set<SimulatedSocket>();

  class SimulatedSocket extends Duplex {
    readonly remoteAddress = '127.0.0.1';
    readonly remotePort = 1;
    readonly owner: Process;
    peer: SimulatedSocket | undefined;
    port = 0;
    connecting = false;
    /** Written in this step: goes in one piece. */
    piece: { readonly step: number; readonly chunks: Buffer[] } | undefined;
    /** What is on the way to us arrives no earlier than this. */
    arrivesMs = 0;

    constructor(owner: Process = scheduler.current) {
      super({ allowHalfOpen: false });
      this.owner = owner;
      // a dead process does not close its sockets: its machine does
      owner.onEnd(() => this.peer?.lose());
    }

    connect(given: number | { readonly port: number }): this {
      this.port = Number(typeof given === 'object' ? given.port : given);
      this.connecting = true;
      scheduler.after(latencyMs(), () => this.connected(), this.owner);
      return this;
    }

    connected(): void {
      const listener = listeners.get(this.port);
      if (this.destroyed) return;
      if (!listener?.reachable || !listener.process.alive) {
        this.destroy(Object.assign(new Error(`connect ECONNREFUSED ${this.port}`), { code: 'ECONNREFUSED' }));
        return;
      }
      const peer = new SimulatedSocket(listener.process);
      [this.peer, peer.peer, peer.port] = [peer, this, this.port];
      open.add(this);
      this.connecting = false;
      scheduler.after(0, () => listener.accept(peer), listener.process);
      this.emit('connect');
    }

    /** In order: never before what was sent earlier. */
    arrive(run: () => void): void {
      this.arrivesMs = Math.max(this.arrivesMs, scheduler.nowMs + latencyMs());
      scheduler.after(this.arrivesMs - scheduler.nowMs, run, this.owner);
    }

    /** The other end is gone, and nobody said so properly. */
    lose(): void {
      this.peer = undefined;
      this.arrive(() => {
        if (!this.destroyed) this.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
      });
    }

    override _read(): void {}

    override _write(chunk: Buffer, _encoding: string, done: () => void): void {
      const { peer } = this;
      const copy = Buffer.from(chunk);
      done();
      if (!peer) return;
      if (this.piece?.step === scheduler.steps) return void this.piece.chunks.push(copy);
      const chunks = [copy];
      this.piece = { step: scheduler.steps, chunks };
      peer.arrive(() => {
        if (peer.peer === this && !peer.destroyed) peer.push(chunks.length === 1 ? copy : Buffer.concat(chunks));
      });
    }

    override _final(done: () => void): void {
      const { peer } = this;
      if (peer)
        peer.arrive(() => {
          if (!peer.destroyed) peer.push(null);
        });
      done();
    }

    override _destroy(error: Error | null, done: (error: Error | null) => void): void {
      open.delete(this);
      const { peer } = this;
      this.peer = undefined;
      if (peer)
        peer.arrive(() => {
          peer.peer = undefined;
          if (!peer.destroyed) peer.destroy();
        });
      done(error);
    }

    setNoDelay(): this {
      return this;
    }
    setKeepAlive(): this {
      return this;
    }
    setTimeout(): this {
      return this;
    }
    ref(): this {
      return this;
    }
    unref(): this {
      return this;
    }
  }

  return {
    listen: (port, process, accept) => void listeners.set(port, { process, accept, reachable: true }),
    setReachable(port, reachable) {
      const listener = listeners.get(port);
      if (listener) listener.reachable = reachable;
    },
    cut(port) {
      for (const socket of [...open]) {
        if (socket.port !== port) continue;
        open.delete(socket);
        const { peer } = socket;
        socket.lose();
        peer?.lose();
      }
    },
    Socket: SimulatedSocket as unknown as new () => Duplex,
    connect: (options) => new SimulatedSocket().connect(options),
  };
}
