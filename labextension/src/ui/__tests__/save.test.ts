import { describe, expect, it, vi } from "vitest";

import { Failure } from "../types";
import { FakeClient, PREFILL } from "./fake";
import { control, found, key, press, says, show, text, type } from "./page";

const dialog = (answers: FakeClient["answers"] = {}) => new FakeClient([], answers, { kind: "save" });

describe("the save dialog", () => {
  it("is filled in, and sends what the user left", async () => {
    const client = dialog();
    const root = show(client, "save");
    await says(root, "Becomes version 4 of churn");
    await press(root, "Keep accuracy");
    await press(root, "Keep cell 5: auc = roc_auc_score(y_test, clf.predict_proba(X_test)[:, 1])");
    const tags = await type(root, "Tags", "prod");
    key(tags, "Enter");
    await control(root, "Remove tag prod");
    await type(root, "Alias", "champion");
    await press(root, "Save");
    await says(root, "Saved churn:4");
    expect(client.of("save")).toEqual([{ name: "churn", description: "", tags: ["telecom", "prod"], alias: "champion", note: "", metrics: ["auc"], cells: [0], drop: [], look: 1 }]);
    await says(root, "%load_model churn:4");
    await press(root, "Download");
    await found(() => (client.of("download").length === 1 ? true : null));
  });

  it("judges the name while it is typed", async () => {
    const client = dialog();
    const root = show(client, "save");
    const input = await type(root, "Name (required)", "a/b");
    await says(root, "holds a character that is not allowed");
    expect(input.getAttribute("aria-invalid")).toBe("true");
    expect((await control(root, "Save")).disabled).toBe(true);
    await type(root, "Name (required)", "fresh");
    await says(root, "New model, version 1");
    await type(root, "Name (required)", "");
    expect((await control(root, "Save")).disabled).toBe(true);
  });

  it("shows stages, bytes and percent, and cancels", async () => {
    let stopped = false;
    const client = dialog({
      save: (_, ways) => {
        ways.onProgress?.({ stage: "writing", done: 19e6, total: 48e6 });
        return new Promise((_resolve, reject) =>
          ways.signal?.addEventListener("abort", () => {
            stopped = true;
            reject(new Failure("cancelled", "You stopped it; nothing was changed."));
          }),
        );
      },
    });
    const root = show(client, "save");
    await says(root, "Becomes version 4");
    await press(root, "Save");
    await says(root, "Writing · 19 MB of 48 MB · 39 %");
    await press(root, "Cancel");
    await says(root, "Cancelled. Nothing was saved.");
    expect(stopped).toBe(true);
    expect((await control(root, "Name (required)")).value).toBe("churn");
  });

  it("keeps an error inside, with what was typed", async () => {
    const root = show(dialog({ save: () => Promise.reject(new Failure("disk_full", "The disk is full.", "Free some space.")) }), "save");
    await says(root, "Becomes version 4");
    await type(root, "Description", "mine");
    await press(root, "Save");
    await says(root, "The disk is full.Free some space.");
    expect((await control(root, "Description")).value).toBe("mine");
    await vi.waitFor(() => expect(root.activeElement?.textContent).toBe("Save"));
  });

  it("says that a model went, and saves nothing of it", async () => {
    const root = show(dialog({ prefill: () => ({ variable: "clf", stale: "clf was fitted again since this was offered." }) as typeof PREFILL }), "save");
    await says(root, "clf was fitted again since this was offered.");
    expect(root.querySelector("form")).toBeNull();
  });

  it("says that rows lie inside, and what is not attached", async () => {
    const data_inside = { rows: 1000, of: 1200, where: "KNeighborsClassifier._fit_X" };
    const root = show(dialog({ prefill: () => ({ ...PREFILL, captured: { ...PREFILL.captured, data_inside } }) }), "save");
    await says(root, "The file itself holds 1,000 of 1,200 training rows");
    expect(text(root)).toContain("Not attached: f1 0.64 — older than the fit");
  });

  it("says when nothing is new", async () => {
    const client = dialog();
    client.answers.save = (args) => ({ ...client.do_save(args), created: false });
    const root = show(client, "save");
    await says(root, "Becomes version 4");
    await press(root, "Save");
    await says(root, "Nothing new: churn:4 is exactly this model");
  });

  it("judges an alias while it is typed", async () => {
    const root = show(new FakeClient([], {}, { kind: "save" }), "save");
    await says(root, "Becomes version 4 of churn");
    await type(root, "Alias", "v3");
    await says(root, "'v3' cannot be an alias.");
    expect((await control(root, "Save")).disabled).toBe(true);
    await type(root, "Alias", "champion");
    await vi.waitFor(async () => expect((await control(root, "Save")).disabled).toBe(false));
  });

  it("takes the focus where it was asked for, and gives it back", async () => {
    const root = show(new FakeClient([], {}, { kind: "offer", offer: { state: "open", variable: "clf", algorithm: "LogisticRegression" } }), "offer");
    await press(root, "Save model…");
    await vi.waitFor(() => expect(root.activeElement?.id).toBe("name"));
    await press(root, "Cancel");
    await vi.waitFor(() => expect(text(root.activeElement as Element)).toBe("Save model…"));
  });

  it("shows hostile pieces as text", async () => {
    const words = "<script>alert(1)</script>\u202E";
    const captured = { ...PREFILL.captured, metrics: [{ name: words, value: 1, keep: true }], pieces: [["target", "target", words]] as const, notes: [words], cells: [{ cell: 1, does: [], code: words }] };
    const root = show(dialog({ prefill: () => ({ ...PREFILL, variable: words, algorithm: words, captured, tags_known: [words] }) }), "save");
    await says(root, "Found in the notebook");
    expect(root.querySelector("script")).toBeNull();
    expect(root.textContent).not.toContain("\u202E");
  });
});

describe("the offer", () => {
  const offer = (state: "open" | "stale" = "open", mode = "line") =>
    new FakeClient([], {}, { kind: "offer", offer: { state, variable: "clf", algorithm: "LogisticRegression", mode } });

  it("is one line that opens the dialog in its place", async () => {
    const client = offer();
    const root = show(client, "offer");
    await says(root, "Keep this LogisticRegression?");
    expect(client.of("prefill")).toHaveLength(0);
    await press(root, "Save model…");
    await press(root, "Cancel");
    await says(root, "Keep this LogisticRegression");
    await vi.waitFor(() => expect(root.activeElement?.textContent).toBe("Save model…"));
  });

  it("goes when it is declined", async () => {
    const client = offer();
    const root = show(client, "offer");
    await press(root, "Not now");
    await found(() => (root.querySelector("button") === null ? true : null));
    expect(client.of("dismiss")).toHaveLength(1);
  });

  it("turns into what became of it", async () => {
    const client = offer();
    const root = show(client, "offer");
    await says(root, "Keep this");
    client.happen({ event: "offer", offer: { state: "saved", ref: "churn:4" } });
    await says(root, "Kept as churn:4");
  });

  it("offers nothing of a model that was fitted again", async () => {
    const root = show(offer("stale"), "offer");
    await says(root, "clf was fitted again since; this offer is over.");
    expect(root.querySelector("button")).toBeNull();
  });

  it("is the dialog at once where the user wants that", async () => {
    const root = show(offer("open", "dialog"), "offer");
    await says(root, "Becomes version 4");
  });
});
