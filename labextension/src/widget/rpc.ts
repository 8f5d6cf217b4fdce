// Questions to the kernel and its answers, as custom messages of a widget.
import { byId } from "../ui/format";
import type { ModelRecord } from "../ui/record";
import { Failure, type Client, type Happening, type Line, type Progress, type Verb, type Verbs, type Ways } from "../ui/types";

/** The part of an anywidget model that is used. */
export interface Model {
  get(name: string): unknown;
  send(content: unknown): void;
  on(event: "msg:custom", heard: (message: unknown) => void): void;
  off(event: "msg:custom", heard: (message: unknown) => void): void;
  readonly widget_manager?: { readonly kernel?: Kernel | null | undefined } | undefined;
}

/** The part of a kernel's connection that is used; only Jupyter's own front ends hand it out, so none of it is sure. */
interface Kernel {
  readonly status?: string;
  readonly connectionStatus?: string;
  requestCommInfo?(about: { readonly target_name: string }): Promise<{ readonly content: { readonly comms?: object } }>;
}

export const AGAIN = 250;
/** After so long the kernel is asked whether it still knows the widget. */
export const ASK = 1000;
export const SLOW = 2500;
export const SILENT = 10_000;

interface Pending {
  readonly verb: Verb;
  readonly resolve: (answer: never) => void;
  readonly reject: (error: Failure) => void;
  readonly onProgress: ((progress: Progress) => void) | undefined;
  heard: number;
}

interface Message {
  readonly rid?: string;
  readonly ok?: boolean;
  readonly answer?: never;
  readonly error?: { readonly code?: string; readonly message?: string; readonly hint?: string };
  readonly progress?: Progress;
  readonly event?: Happening["event"];
}

export class Rpc implements Client {
  // Every view of a widget gets every message: the first part of a rid tells whose it is.
  private readonly view = Math.random().toString(36).slice(2, 10);
  private readonly pending = new Map<string, Pending>();
  private readonly events = new Set<(happening: Happening) => void>();
  private readonly lines = new Set<(line: Line) => void>();
  private readonly clock: ReturnType<typeof setInterval>;
  private line: Line = "open";
  private count = 0;
  private asking = false;
  private gone = false;
  // The last word on an offer: it may come before the line that shows it is there to hear it.
  private offer: Happening | null = null;

  constructor(private readonly model: Model) {
    model.on("msg:custom", this.receive);
    this.clock = setInterval(this.look, AGAIN);
  }

  close(): void {
    clearInterval(this.clock);
    this.model.off("msg:custom", this.receive);
    this.pending.clear();
  }

  call<V extends Verb>(verb: V, args: Verbs[V][0], ways: Ways = {}): Promise<Verbs[V][1]> {
    // A new beginning: whether the last one is still waited for no longer matters.
    if (verb === "hello") for (const [rid, pending] of this.pending) if (pending.verb === "hello") this.pending.delete(rid);
    return new Promise((resolve, reject) => {
      const rid = this.send(verb, args);
      this.pending.set(rid, { verb, resolve, reject, onProgress: ways.onProgress, heard: Date.now() });
      // The kernel may route the first message behind a running cell; a second one then takes the other way.
      if (verb === "hello") setTimeout(() => this.pending.has(rid) && this.model.send({ rid, verb, args }), AGAIN);
      // Cancelling asks for an end; the answer to the save itself says what came of it.
      ways.signal?.addEventListener("abort", () => this.pending.has(rid) && this.send("cancel", { rid }));
    });
  }

  async download(record: ModelRecord): Promise<string> {
    return (await this.call("download", { ref: byId(record) })).path;
  }

  onEvent(heard: (happening: Happening) => void): () => void {
    this.events.add(heard);
    if (this.offer) heard(this.offer);
    return () => this.events.delete(heard);
  }

  onLine(heard: (line: Line) => void): () => void {
    this.lines.add(heard);
    return () => this.lines.delete(heard);
  }

  private send(verb: string, args: unknown): string {
    const rid = `${this.view}:${(this.count += 1)}`;
    this.model.send({ rid, verb, args });
    return rid;
  }

  private readonly receive = (content: unknown): void => {
    const message = (content ?? {}) as Message;
    if (message.event === "offer") this.offer = message as Happening;
    if (message.event !== undefined) this.events.forEach((heard) => heard(message as Happening));
    const pending = message.rid === undefined ? undefined : this.pending.get(message.rid);
    if (pending === undefined || message.rid === undefined) return;
    this.gone = false;
    if (message.progress) {
      pending.heard = Date.now();
      pending.onProgress?.(message.progress);
    } else {
      this.pending.delete(message.rid);
      if (message.ok) pending.resolve(message.answer as never);
      else pending.reject(failure(message.error));
    }
    this.look();
  };

  /** Tell how it goes with the eldest question. */
  private readonly look = (): void => {
    const now = Date.now();
    const waited = Math.max(0, ...[...this.pending.values()].map((pending) => now - pending.heard));
    if (waited >= ASK && !this.asking) void this.ask();
    const line = this.judge(waited);
    if (line === this.line) return;
    this.line = line;
    this.lines.forEach((heard) => heard(line));
  };

  private judge(waited: number): Line {
    const { status, connectionStatus } = this.model.widget_manager?.kernel ?? {};
    if (waited >= AGAIN && (this.gone || status === "dead")) return "silent";
    if (waited < SLOW) return "open";
    return waited >= SILENT && connectionStatus !== "connected" ? "silent" : "slow";
  }

  /** Ask the kernel itself whether the widget is there. A busy one answers when it is free; one that was restarted knows nothing of it. */
  private async ask(): Promise<void> {
    this.asking = true;
    try {
      const info = await this.model.widget_manager?.kernel?.requestCommInfo?.({ target_name: "jupyter.widget" });
      const { comms } = info?.content ?? {};
      this.gone = comms !== undefined && !(String(this.model.get("_comm_id")) in comms);
    } catch {
      // It was restarted meanwhile; the next look asks again.
    } finally {
      setTimeout(() => (this.asking = false), ASK);
    }
  }
}

function failure(error: Message["error"]): Failure {
  return new Failure(String(error?.code ?? "unknown"), String(error?.message ?? "The kernel could not do this."), String(error?.hint ?? ""));
}
