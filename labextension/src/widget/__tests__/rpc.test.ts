import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Failure, type Line } from "../../ui/types";
import { Rpc, type Model } from "../rpc";

interface Sent {
  readonly rid: string;
  readonly verb: string;
  readonly args: { readonly [name: string]: unknown };
}

class FakeModel implements Model {
  readonly sent: Sent[] = [];
  widget_manager: Model["widget_manager"];
  private readonly listeners = new Set<(message: unknown) => void>();
  get = (name: string) => (name === "_comm_id" ? "ours" : "gallery");
  send = (content: unknown) => void this.sent.push(content as Sent);
  on = (_: "msg:custom", heard: (message: unknown) => void) => void this.listeners.add(heard);
  off = (_: "msg:custom", heard: (message: unknown) => void) => void this.listeners.delete(heard);
  say = (message: unknown) => this.listeners.forEach((heard) => heard(message));
}

let model: FakeModel;
let rpc: Rpc;

beforeEach(() => {
  vi.useFakeTimers();
  model = new FakeModel();
  rpc = new Rpc(model);
});
afterEach(() => {
  rpc.close();
  vi.useRealTimers();
});

const last = () => model.sent.at(-1) as Sent;

describe("questions", () => {
  it("are told apart by rid, never by id", async () => {
    const [one, two] = [rpc.call("stats", {}), rpc.call("facets", {})];
    const [first, second] = model.sent as [Sent, Sent];
    expect(first).not.toHaveProperty("id");
    expect(first.rid).not.toBe(second.rid);
    model.say({ rid: second.rid, ok: true, answer: "two" });
    model.say({ rid: first.rid, ok: true, answer: "one" });
    expect(await Promise.all([one, two])).toEqual(["one", "two"]);
  });

  it("of another view, and nonsense, are passed over", () => {
    void rpc.call("stats", {});
    model.say({ rid: "other:1", ok: true, answer: null });
    model.say(null);
    model.say({ rid: last().rid.replace(/:.*/, ":99"), ok: true });
  });

  it("fail in the kernel's words", async () => {
    const asked = rpc.call("stats", {});
    model.say({ rid: last().rid, ok: false, error: { code: "not_found", message: "Gone.", hint: "Look." } });
    await expect(asked).rejects.toEqual(new Failure("not_found", "Gone.", "Look."));
    await expect(asked).rejects.toMatchObject({ code: "not_found", hint: "Look." });
  });

  it("hear of progress, and are cancelled by rid", async () => {
    const stopper = new AbortController();
    const heard: unknown[] = [];
    const request = { name: "churn", description: "", tags: [], alias: "", note: "", metrics: [], cells: [], drop: [], look: 1 };
    const asked = rpc.call("save", request, { signal: stopper.signal, onProgress: (progress) => heard.push(progress) });
    const { rid } = last();
    model.say({ rid, progress: { stage: "writing", done: 1, total: 2 } });
    expect(heard).toEqual([{ stage: "writing", done: 1, total: 2 }]);
    stopper.abort();
    expect(last()).toMatchObject({ verb: "cancel", args: { rid } });
    model.say({ rid, ok: false, error: { code: "cancelled" } });
    await expect(asked).rejects.toMatchObject({ code: "cancelled" });
  });
});

describe("the line to the kernel", () => {
  it("says hello twice if the first is not answered", async () => {
    void rpc.call("hello", {});
    await vi.advanceTimersByTimeAsync(300);
    expect(model.sent.map((sent) => sent.verb)).toEqual(["hello", "hello"]);
    expect(model.sent[0]?.rid).toBe(model.sent[1]?.rid);
  });

  it("is slow after 2.5 s, silent after 10 s, open with the answer", async () => {
    const heard: Line[] = [];
    rpc.onLine((line) => heard.push(line));
    void rpc.call("hello", {});
    await vi.advanceTimersByTimeAsync(2600);
    expect(heard).toEqual(["slow"]);
    await vi.advanceTimersByTimeAsync(7600);
    expect(heard).toEqual(["slow", "silent"]);
    void rpc.call("hello", {});
    await vi.advanceTimersByTimeAsync(300);
    expect(heard.at(-1)).toBe("open");
    model.say({ rid: last().rid, ok: true, answer: {} });
    await vi.advanceTimersByTimeAsync(20_000);
    expect(heard).toEqual(["slow", "silent", "open"]);
  });

  describe("where the kernel itself can be asked", () => {
    const lines = () => {
      const heard: Line[] = [];
      rpc.onLine((line) => heard.push(line));
      void rpc.call("hello", {});
      return heard;
    };

    it("is silent at once when the kernel does not know the widget: it was restarted", async () => {
      const requestCommInfo = vi.fn(() => Promise.resolve({ content: { comms: { other: {} } } }));
      model.widget_manager = { kernel: { status: "idle", connectionStatus: "connected", requestCommInfo } };
      const heard = lines();
      await vi.advanceTimersByTimeAsync(1600);
      expect(heard).toEqual(["silent"]);
      expect(requestCommInfo).toHaveBeenCalledWith({ target_name: "jupyter.widget" });
    });

    it("is only slow, however long, while a busy kernel answers nothing at all", async () => {
      model.widget_manager = { kernel: { status: "busy", connectionStatus: "connected", requestCommInfo: () => new Promise(() => undefined) } };
      const heard = lines();
      await vi.advanceTimersByTimeAsync(60_000);
      expect(heard).toEqual(["slow"]);
    });

    it("is slow while the widget is there and its answer takes long", async () => {
      model.widget_manager = { kernel: { status: "idle", connectionStatus: "connected", requestCommInfo: () => Promise.resolve({ content: { comms: { ours: {} } } }) } };
      const heard = lines();
      await vi.advanceTimersByTimeAsync(30_000);
      expect(heard).toEqual(["slow"]);
      model.say({ rid: last().rid, ok: true, answer: {} });
      expect(heard).toEqual(["slow", "open"]);
    });

    it("is silent at once when the kernel is dead, and after 10 s where it cannot be reached", async () => {
      model.widget_manager = { kernel: { status: "dead" } };
      const heard = lines();
      await vi.advanceTimersByTimeAsync(600);
      expect(heard).toEqual(["silent"]);
      model.widget_manager = { kernel: { status: "unknown", connectionStatus: "connecting", requestCommInfo: () => Promise.reject(new Error("canceled")) } };
      await vi.advanceTimersByTimeAsync(3000);
      expect(heard).toEqual(["silent", "open", "slow"]);
      await vi.advanceTimersByTimeAsync(8000);
      expect(heard).toEqual(["silent", "open", "slow", "silent"]);
    });
  });

  it("stays open while progress comes", async () => {
    const heard: Line[] = [];
    rpc.onLine((line) => heard.push(line));
    void rpc.call("download", { ref: "churn" });
    for (let at = 0; at < 10; at += 1) {
      await vi.advanceTimersByTimeAsync(2000);
      model.say({ rid: last().rid, progress: { stage: "writing", done: at, total: 10 } });
    }
    expect(heard).toEqual([]);
  });

  it("passes events on", () => {
    const heard = vi.fn();
    rpc.onEvent(heard);
    model.say({ event: "changed" });
    expect(heard).toHaveBeenCalledWith({ event: "changed" });
  });

  it("is quiet after it was closed", async () => {
    const heard = vi.fn();
    rpc.onLine(heard);
    void rpc.call("stats", {});
    rpc.close();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(heard).not.toHaveBeenCalled();
  });
});
