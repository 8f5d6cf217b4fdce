import { beforeEach, describe, expect, it, vi } from "vitest";

import { Failure } from "../types";
import { FakeClient, many, record } from "./fake";
import { control, found, key, press, says, show, text, type } from "./page";

const three = () => [
  record({ model_name: "churn", version: 3, metrics: { auc: 0.95 }, aliases: ["champion"] }),
  record({ model_name: "churn", version: 2, metrics: { auc: 0.9 }, id: "00000000-0000-4000-8000-000000000002" }),
  record({ model_name: "digits", algorithm: "SVC", tags: ["vision"] }),
];

beforeEach(() => {
  Object.defineProperty(navigator, "clipboard", { value: { writeText: vi.fn(() => Promise.resolve()) }, configurable: true });
});

describe("the gallery", () => {
  it("shows cards, counts and where the models rest", async () => {
    const root = show(new FakeClient(many(5)));
    await says(root, "5 models");
    expect(root.querySelectorAll("li.card")).toHaveLength(5);
    expect(text(root)).toContain("on this machine");
    await says(root, "Loads here");
    expect(root.querySelector("svg[role=img]")?.getAttribute("aria-label")).toContain("auc over 7 versions");
  });

  it("takes from the kernel which way a metric is better", async () => {
    const client = new FakeClient([record({ version: 2, metrics: { auc: 0.95 } }), record({ model_name: "price", metrics: { rmse: 5 } }), record({ model_name: "reach", metrics: { lift: 3 } })]);
    client.answers.history = () => ({ churn: [{ version: 1, value: 0.9, fair: false }, { version: 2, value: 0.95, fair: true }] });
    const root = show(client);
    await says(root, "up 0.05 from the version before, better");
    const sort = await control(root, "Sort");
    const values = [...sort.querySelectorAll("option")].map((one) => one.value);
    expect(values).toEqual(expect.arrayContaining(["-metrics.auc", "metrics.rmse"]));
    expect(values.join()).not.toContain("lift");
  });

  it("keeps its keys from the notebook", () => {
    const root = show(new FakeClient());
    expect((root.host as HTMLElement).dataset.lmSuppressShortcuts).toBe("true");
    expect(root.querySelector("[data-lm-suppress-shortcuts]")).not.toBeNull();
  });

  it("searches after a pause in typing, and says when nothing matches", async () => {
    const client = new FakeClient(many(5));
    const root = show(client);
    await type(root, "Search name, description, tag, algorithm", "no such");
    await says(root, "Nothing matches.Try fewer filters.");
    expect(client.of("list").at(-1)?.words).toEqual(["no", "such"]);
    await press(root, "Clear filters");
    await says(root, "5 models");
  });

  it("filters by tag, and clears", async () => {
    const client = new FakeClient(three());
    const root = show(client);
    await press(root, "vision 1");
    await says(root, "1 of 3 models");
    expect((await control(root, "vision 1")).getAttribute("aria-pressed")).toBe("true");
  });

  it("starts as the settings say", async () => {
    const settings = { sort: "-metrics.auc", query: { words: ["churn"], tags: ["vision"], metrics: ["auc>=0.8"] }, card_fields: ["size"] };
    const client = new FakeClient(three(), {}, { settings });
    show(client);
    await found(() => client.of("list")[0]);
    expect(client.of("list")[0]).toMatchObject({ sort: "-metrics.auc", words: ["churn"], tags: ["vision"], metrics: ["auc>=0.8"] });
  });

  it("starts in the trash when asked to, with what is looked for there", async () => {
    const old = record({ model_name: "old", deleted_at: "2026-11-20T00:00:00Z" });
    const client = new FakeClient([...three(), old], {}, { settings: { sort: "-created_at", query: { deleted: true, words: ["old"] } } });
    const root = show(client);
    await says(root, "1 of 1 version");
    expect(text(root)).toContain("Trash");
    expect(client.of("list")[0]).toMatchObject({ deleted: true, words: ["old"], sort: "-updated_at" });
    await press(root, "Back to models");
    await says(root, "3 models");
    expect(client.of("list").at(-1)).toMatchObject({ deleted: false, words: [], sort: "-created_at" });
  });

  it("asks for 48 more", async () => {
    const client = new FakeClient(many(60));
    const root = show(client);
    await press(root, "Show 12 more");
    await vi.waitFor(() => expect(root.querySelectorAll("li.card")).toHaveLength(60));
    expect(client.of("list").at(-1)?.offset).toBe(48);
  });

  it("says that there is nothing yet, and how to begin", async () => {
    const root = show(new FakeClient([]));
    await says(root, "No models yet");
    expect(text(root)).not.toContain("Nothing matches");
    expect(root.querySelector("[type=search]")).toBeNull();
  });

  it("shows an error in its own words, keeps the cards, and tries again", async () => {
    const client = new FakeClient(three());
    const root = show(client);
    await says(root, "3 models");
    expect(root.querySelectorAll(".dot")).toHaveLength(1);
    client.answers.list = () => {
      throw new Failure("store_busy", "The store is busy.", "Try again in a moment.");
    };
    await press(root, "Refresh");
    await says(root, "The store is busy.");
    // The green dot says that all is well.
    expect(root.querySelectorAll(".dot")).toHaveLength(0);
    expect(root.querySelectorAll("li.card")).toHaveLength(3);
    delete client.answers.list;
    await press(root, "Try again");
    await vi.waitFor(() => expect(text(root)).not.toContain("The store is busy."));
  });

  it("refreshes quietly when something changed elsewhere", async () => {
    const client = new FakeClient(three());
    const root = show(client);
    await says(root, "3 models");
    client.records = many(2);
    client.happen({ event: "changed" });
    await says(root, "2 models");
  });

  it("copies the load line, and leaves it to be selected where copying is refused", async () => {
    const root = show(new FakeClient(three()));
    await press(root, "Copy the line that loads churn:3");
    await says(root, "Copied:");
    expect(navigator.clipboard.writeText).toHaveBeenCalledWith("%load_model churn:3");
    vi.mocked(navigator.clipboard.writeText).mockRejectedValue(new Error("no"));
    await press(root, "Copy the line that loads digits:1");
    await says(root, "Select this line to copy it:%load_model digits:1");
  });

  it("downloads, and says where to", async () => {
    const root = show(new FakeClient(three()));
    await press(root, "Download churn:3");
    await says(root, "Downloaded to churn.pkl");
  });

  it("downloads one file for a double click, and another one when it is asked again", async () => {
    const client = new FakeClient(three());
    let arrive = () => undefined as void;
    client.answers.download = (args) => new Promise((done) => (arrive = () => done(client.do_download(args))));
    const root = show(client);
    await press(root, "Download churn:3");
    await press(root, "Download churn:3");
    await press(root, "Download digits:1");
    expect(client.of("download")).toHaveLength(2);
    arrive();
    await says(root, "Downloaded to digits.pkl");
    await press(root, "Download digits:1");
    expect(client.of("download")).toHaveLength(3);
  });
});

describe("what was said", () => {
  it("goes when a dialog opens, and does not lie over it", async () => {
    const root = show(new FakeClient(three()));
    await press(root, "Download digits:1");
    await says(root, "Downloaded to digits.pkl");
    await press(root, "digits");
    await found(() => root.querySelector("dialog"));
    expect(text(root)).not.toContain("Downloaded to");
    await press(root, "Download digits:1");
    await says(root, "Downloaded to digits.pkl");
    await press(root, "Edit…");
    await control(root, "Save changes");
    expect(text(root)).not.toContain("Downloaded to");
  });
});

describe("delete", () => {
  it("says what, how much and what follows, then offers to undo it, aliases included", async () => {
    const client = new FakeClient(three());
    const root = show(client);
    await press(root, "Delete churn:3…");
    await says(root, "churn:3 (48 kB), kept on this machine, goes to the trash for 30 days");
    await says(root, "The alias @champion points here");
    await press(root, "Move to trash");
    await says(root, "Moved churn:3 (48 kB) to the trash. No longer there: @champion.");
    const id = client.records[0]?.id;
    expect(client.of("delete-these")).toEqual([{ ids: [id], force: true }]);
    await vi.waitFor(() => expect(root.activeElement?.textContent).toBe("Undo"));
    await press(root, "Undo");
    await says(root, "Restored churn:3.");
    expect(client.records[0]?.aliases).toEqual(["champion"]);
  });

  it("takes all versions only when asked to", async () => {
    const client = new FakeClient(three());
    const root = show(client);
    await press(root, "Delete churn:2…");
    await press(root, "All 2 versions");
    await says(root, "Delete churn?");
    await press(root, "Move to trash");
    await says(root, "2 versions of churn");
    expect(client.of("delete-these")).toEqual([{ ids: client.records.filter((one) => one.model_name === "churn").map((one) => one.id), force: true }]);
  });

  it("takes the versions that it named, though their name means others by now", async () => {
    const client = new FakeClient(three());
    const root = show(client);
    await press(root, "Delete churn:2…");
    await press(root, "All 2 versions");
    client.do_rename({ name: "churn", new: "kept" });
    client.records.push(record({ model_name: "churn", version: 4 }));
    await press(root, "Move to trash");
    await says(root, "2 versions of");
    expect(client.records.filter((one) => one.deleted_at === null).map((one) => one.model_name)).not.toContain("kept");
    expect(client.records.at(-1)?.deleted_at).toBeNull();
  });

  it("leaves an alias where somebody has put it since, and says so", async () => {
    const client = new FakeClient(three());
    const root = show(client);
    await press(root, "Delete churn:3…");
    await press(root, "Move to trash");
    await says(root, "No longer there: @champion.");
    client.do_alias({ ref: `id:${client.records[1]?.id}`, alias: "champion" });
    await press(root, "Undo");
    await says(root, "Restored churn:3. @champion stays at v2: it was changed meanwhile.");
    expect(client.records.map((one) => one.aliases)).toEqual([[], ["champion"], []]);
  });

  it("stops after the one that is on its way, says how many went, and takes those back", async () => {
    const client = new FakeClient(three());
    let signal: AbortSignal | undefined;
    client.answers["delete-these"] = ({ ids }, ways) => {
      signal = ways.signal;
      ways.onProgress?.({ stage: "deleting", done: 1, total: 2 });
      const why = { code: "cancelled", message: "You stopped it; nothing was changed.", hint: "" };
      return new Promise((done) => signal?.addEventListener("abort", () => done({ ...client["do_delete-these"]({ ids: ids.slice(1) }), left: 1, why })));
    };
    const root = show(client);
    await press(root, "Delete churn:2…");
    await press(root, "All 2 versions");
    await press(root, "Move to trash");
    await says(root, "Deleting 2 of 2…");
    await press(root, "Stop");
    await says(root, "Moved churn:2 (48 kB) to the trash. You stopped it; 1 version stays.");
    expect(signal?.aborted).toBe(true);
    expect(root.querySelector("dialog")).toBeNull();
    await press(root, "Undo");
    await says(root, "Restored churn:2.");
    expect(client.records.every((one) => one.deleted_at === null)).toBe(true);
  });

  it("closes where it was stopped before anything went, and says what broke it off", async () => {
    const client = new FakeClient(three(), { "delete-these": () => Promise.reject(new Failure("cancelled", "You stopped it.")) });
    const root = show(client);
    await press(root, "Delete churn:3…");
    await press(root, "Move to trash");
    await vi.waitFor(() => expect(root.querySelector("dialog")).toBeNull());
    client.answers["delete-these"] = ({ ids }) => ({ ...client["do_delete-these"]({ ids: ids.slice(1) }), left: 1, why: { code: "store_busy", message: "The store is busy.", hint: "" } });
    await press(root, "Delete churn:3…");
    await press(root, "All 2 versions");
    await press(root, "Move to trash");
    await says(root, "to the trash. The store is busy; 1 version stays.");
  });

  it("deletes all the same what is used, once that was said", async () => {
    const client = new FakeClient(three());
    client.answers["delete-these"] = (args) => {
      if (!args.force) throw new Failure("in_use", "churn:2 is shared.", "End the share, or press Delete all the same.");
      return client["do_delete-these"](args);
    };
    const root = show(client);
    await press(root, "Delete churn:2…");
    await press(root, "Move to trash");
    await says(root, "End the share, or press Delete all the same.");
    await press(root, "Delete all the same");
    await says(root, "Moved churn:2");
    expect(client.of("delete-these").map((one) => one.force)).toEqual([false, true]);
  });

  it("keeps an error inside, and Escape closes", async () => {
    const refuse = () => {
      throw new Failure("in_use", "churn:3 is churn@champion.", "Give the alias away first.");
    };
    const root = show(new FakeClient(three(), { "delete-these": refuse }));
    await press(root, "Delete churn:3…");
    await press(root, "Move to trash");
    await found(() => root.querySelector("dialog [role=alert]"));
    root.querySelector("dialog")?.dispatchEvent(new Event("cancel", { cancelable: true }));
    await vi.waitFor(() => expect(root.querySelector("dialog")).toBeNull());
  });

  it("purges only when the name was typed", async () => {
    const client = new FakeClient([...three(), record({ model_name: "old", deleted_at: "2026-11-20T00:00:00Z" })]);
    const root = show(client);
    await press(root, "Open trash");
    await press(root, "Delete for good…");
    const button = await control(root, "Delete for good");
    expect(button.disabled).toBe(true);
    expect(button.disabled).toBe(true);
    await type(root, "Type old to confirm", "odd");
    expect(button.disabled).toBe(true);
    expect(button.disabled).toBe(true);
    await type(root, "Type old to confirm", "old");
    await press(root, "Delete for good");
    await says(root, "Gone for good; 48 kB freed.");
    expect(client.of("purge")).toHaveLength(1);
    await says(root, "The trash is empty.");
  });

  it("searches the trash, in words of its own, and keeps what was looked for among the models", async () => {
    const thrown = ["old", "older", "bad"].map((model_name) => record({ model_name, deleted_at: "2026-11-20T00:00:00Z" }));
    const client = new FakeClient([...three(), ...thrown]);
    const root = show(client);
    await type(root, "Search name, description, tag, algorithm", "churn");
    await says(root, "2 of 3 models");
    await press(root, "Open trash");
    await says(root, "3 versions");
    await type(root, "Search the trash", "old");
    await says(root, "2 of 3 versions");
    await type(root, "Search the trash", "churn");
    await says(root, "Nothing in the trash matches.");
    await press(root, "Clear filters");
    await says(root, "3 versions");
    await press(root, "Back to models");
    await says(root, "2 of 3 models");
  });

  it("restores from the trash", async () => {
    const client = new FakeClient([record({ model_name: "old", deleted_at: "2026-11-20T00:00:00Z" })]);
    const root = show(client);
    await press(root, "Open trash");
    await press(root, "Restore");
    await says(root, "Restored old:1.");
    expect(client.of("restore")).toHaveLength(1);
  });
});

describe("compare", () => {
  it("shows 2 to 6 side by side, marks what differs, and the best as the kernel says", async () => {
    const client = new FakeClient(three());
    const root = show(client);
    await control(root, "Compare churn:3");
    expect((await control(root, "Compare")).disabled).toBe(true);
    await press(root, "Compare churn:3");
    await press(root, "Compare churn:2");
    await press(root, "Compare (2)");
    const table = await found(() => root.querySelector("table"));
    const row = [...table.querySelectorAll("tr")].find((one) => text(one).startsWith("auc"));
    expect(row?.className).toBe("differs");
    expect(text(row as Element)).toBe("auc≠ differs0.95best0.9");
    await press(root, "Only what differs");
    await vi.waitFor(() => expect(text(table)).not.toContain("python"));
  });

  it("heads each column with the whole name", async () => {
    const name = `customer-lifetime-value-${"segments-".repeat(8)}eu`;
    const client = new FakeClient([record({ model_name: name, version: 12 }), ...three()]);
    const root = show(client);
    await press(root, `Compare ${name}:12`);
    await press(root, "Compare churn:3");
    await press(root, "Compare (2)");
    const heads = await found(() => root.querySelectorAll("thead th").length === 2 ? [...root.querySelectorAll("thead th")] : null);
    expect(heads.map(text)).toEqual([`${name} v12`, "churn v3"]);
  });

  it("is also a view of its own, for a cell, which looks again when something changed", async () => {
    const client = new FakeClient(three(), {}, { kind: "compare", refs: three().slice(0, 2).map((one) => `id:${one.id}`) });
    const root = show(client, "compare");
    await says(root, "Compare 2 models");
    await says(root, "auc≠ differs0.95best0.9");
    expect(root.querySelector("dialog")).toBeNull();
    client.records = client.records.map((one) => ({ ...one, metrics: { auc: 0.8 } }));
    client.happen({ event: "changed" });
    await vi.waitFor(() => expect(text(root)).not.toContain("0.95"));
  });

  it("lets no more than 6 be chosen", async () => {
    const client = new FakeClient(many(8));
    const root = show(client);
    for (const one of client.records.slice(0, 6)) await press(root, `Compare ${one.model_name}:${one.version}`);
    await vi.waitFor(() => expect([...root.querySelectorAll<HTMLInputElement>("li.card [type=checkbox]")].filter((box) => box.disabled)).toHaveLength(2));
  });

  it("names no winner of its own accord", async () => {
    const client = new FakeClient(three(), {
      compare: () => ({ records: three().slice(0, 2), sections: { metrics: [{ name: "auc", texts: ["0.9", null], differs: true, best: null }] }, remark: "No best auc: other rows." }),
    });
    const root = show(client);
    await press(root, "Compare churn:3");
    await press(root, "Compare digits:1");
    await press(root, "Compare (2)");
    await found(() => root.querySelector("table"));
    expect(root.querySelector(".best")).toBeNull();
    await says(root, "No best auc: other rows.");
    expect(text(root.querySelector("table") as Element)).toContain("absent");
  });
});

describe("details", () => {
  it("shows all that is known in the kernel's words, and the cells as text", async () => {
    const hostile = "<img src=x onerror=alert(1)>\u202e";
    const told = { facts: [["note", hostile]] as const, cells: [{ title: hostile, code: `x = 1\n${hostile}` }] };
    const client = new FakeClient(three(), { details: () => told });
    const root = show(client);
    await press(root, "churn");
    const code = await found(() => root.querySelector("dialog pre"));
    expect(code.textContent).toBe("x = 1\n<img src=x onerror=alert(1)>\\u202e");
    expect(text(root.querySelector("dl.facts") as Element)).toBe("note<img src=x onerror=alert(1)>\\u202e");
    expect(root.querySelector("img")).toBeNull();
    expect(client.of("details")).toEqual([{ ref: `id:${client.records[1]?.id}` }]);
  });

  it("shows all versions, and edits", async () => {
    const client = new FakeClient(three());
    const root = show(client);
    await press(root, "churn");
    await says(root, "2 versions");
    await press(root, "Edit…");
    const input = await type(root, "Tags of version 2", "telecom");
    key(input, "Enter");
    await control(root, "Remove tag telecom");
    await type(root, "Description of version 2", "better");
    await press(root, "Save changes");
    await says(root, "Changed churn:2.");
    expect(client.of("edit")).toEqual([{ ref: `id:${client.records[1]?.id}`, description: "better", add_tags: ["telecom"] }]);
    expect(client.of("rename")).toEqual([]);
  });

  it("edits metrics, and takes an edit back", async () => {
    const client = new FakeClient(three().filter((one) => one.version !== 2));
    const root = show(client);
    await press(root, "churn");
    await press(root, "Edit…");
    const input = await type(root, "Metrics of version 3", "f1=0.71");
    key(input, "Enter");
    await control(root, "Remove metric f1=0.71");
    await type(root, "Metrics of version 3", "auc=0.96");
    key(input, "Enter");
    await control(root, "Remove metric auc=0.96");
    await press(root, "Save changes");
    await says(root, "Changed churn:3.");
    const ref = `id:${client.records[0]?.id}`;
    expect(client.of("edit")).toEqual([{ ref, metrics: ["auc=0.96", "f1=0.71"] }]);
    await press(root, "Undo");
    await says(root, "Undone.");
    expect(client.of("edit").at(-1)).toEqual({ ref, metrics: ["auc=0.95"], drop_metrics: ["f1"] });
    expect(client.records[0]?.metrics).toEqual({ auc: 0.95 });
  });

  it("drops a metric, and takes only a name with a number for one", async () => {
    const client = new FakeClient(three().filter((one) => one.version !== 2));
    const root = show(client);
    await press(root, "churn");
    await press(root, "Edit…");
    await press(root, "Remove metric auc=0.95");
    for (const wrong of ["f1=abc", "recall 0.9", "auc=0,96", "=1", "auc="]) {
      const input = await type(root, "Metrics of version 3", wrong);
      key(input, "Enter");
      await says(root, "Write name=number");
      expect(input.validationMessage).toContain("name=number");
      expect(root.querySelectorAll(".token")).toHaveLength(0);
    }
    const input = await type(root, "Metrics of version 3", "loss=0.123456789");
    await vi.waitFor(() => expect(text(root)).not.toContain("Write name=number"));
    key(input, "Enter");
    await control(root, "Remove metric loss=0.12346");
    await press(root, "Save changes");
    await says(root, "Changed churn:3.");
    expect(client.of("edit")).toMatchObject([{ metrics: ["loss=0.123456789"], drop_metrics: ["auc"] }]);
  });

  it("tells of a name that is taken before it is sent", async () => {
    const client = new FakeClient(three());
    const root = show(client);
    await press(root, "digits");
    await press(root, "Edit…");
    await type(root, "Name", "churn");
    await says(root, "churn is the name of another model");
    expect((await control(root, "Save changes")).disabled).toBe(true);
  });

  it("forgets in the trash what was said of the models", async () => {
    const client = new FakeClient([...three(), record({ model_name: "gone", deleted_at: "2026-11-23T08:00:00Z" })]);
    const root = show(client);
    await press(root, "Download digits:1");
    await says(root, "Downloaded to");
    await press(root, "Open trash");
    await vi.waitFor(() => expect(text(root)).not.toContain("Downloaded to"));
  });

  it("goes on from what was written where the new name was refused", async () => {
    const refuse = () => Promise.reject(new Failure("invalid_name", "The name holds '/'."));
    const client = new FakeClient(three().filter((one) => one.version !== 2), { rename: refuse });
    const root = show(client);
    await press(root, "churn");
    await press(root, "Edit…");
    await press(root, "Remove metric auc=0.95");
    await type(root, "Name", "a/b");
    await press(root, "Save changes");
    await says(root, "The name holds '/'.");
    delete client.answers.rename;
    await type(root, "Name", "fresh");
    await press(root, "Save changes");
    await says(root, "Changed fresh:3.");
    expect(client.records[0]).toMatchObject({ model_name: "fresh", metrics: {} });
  });

  it("sets and removes aliases", async () => {
    const client = new FakeClient(three());
    const root = show(client);
    await press(root, "churn");
    await press(root, "Aliases of churn:3…");
    await press(root, "Remove the alias champion");
    await type(root, "Let an alias point here", "prod");
    await press(root, "Set alias");
    await vi.waitFor(() => expect(client.of("alias")).toHaveLength(2));
    expect(client.of("alias")).toMatchObject([{ alias: "champion", remove: true }, { alias: "prod" }]);
  });

  it("judges an alias while it is typed, and tells from where it moves", async () => {
    const client = new FakeClient(three());
    const root = show(client);
    await press(root, "churn");
    await press(root, "Aliases of churn:2…");
    await says(root, "If it points at another version of this model, it moves.");
    const input = await type(root, "Let an alias point here", "champion");
    await says(root, "Moves from version 3");
    await type(root, "Let an alias point here", "v3");
    await says(root, "'v3' cannot be an alias.");
    expect(input.getAttribute("aria-invalid")).toBe("true");
    expect((await control(root, "Set alias")).disabled).toBe(true);
    input.form?.requestSubmit();
    await type(root, "Let an alias point here", "prod");
    await says(root, "A new alias");
    expect(input.getAttribute("aria-invalid")).toBe("false");
    expect(client.of("alias")).toEqual([]);
    await press(root, "Set alias");
    await says(root, "@prod");
    await type(root, "Let an alias point here", "prod");
    await says(root, "Points here already");
  });

  it("tells who let an alias point where and why, and lets it go back", async () => {
    const client = new FakeClient(three());
    client.do_alias({ ref: `id:${client.records[1]?.id}`, alias: "champion", why: "steadier" });
    const root = show(client);
    await press(root, "churn");
    await press(root, "Aliases of churn:2…");
    await says(root, "@champion → v2 from v3");
    await says(root, "ada · steadier");
    await type(root, "Reason (optional, kept in its history)", "too early");
    await press(root, "Back to v3");
    await says(root, "No alias points at this version.");
    expect(client.of("alias")).toMatchObject([{ alias: "champion", rollback: true, why: "too early" }]);
    expect(client.records[0]?.aliases).toEqual(["champion"]);
    await says(root, "@champion → v3 from v2");
  });

  it("offers no way back where there is none, whatever the alias is called", async () => {
    const client = new FakeClient(three());
    client.do_alias({ ref: `id:${client.records[1]?.id}`, alias: "constructor" });
    const root = show(client);
    await press(root, "churn");
    await press(root, "Aliases of churn:2…");
    await says(root, "@constructor → v2");
    expect(text(root)).not.toContain("Back to");
  });
});

describe("hostile records", () => {
  const hostile = ["<img src=x onerror=alert(1)>", "<script>alert(1)</script>", "javascript:alert(1)", "a\u202Eb", "z\u200Bw", "x".repeat(10_000), "\u0000\n\t", "__proto__", "constructor", "\ud800", "${1}{{1}}", "'\"`&lt;"];

  it.each(hostile)("%j is text, wherever it stands", async (words) => {
    const evil = record({ model_name: words, algorithm: words, description: words, tags: [words], metrics: JSON.parse(`{${JSON.stringify(words)}: 0.5}`), aliases: [words], model_type: words, target_column: words, feature_columns: [words], status: words });
    const client = new FakeClient([evil], { fits: () => ({ [evil.id]: { loads: false, why: words } }) }, { where: words });
    const root = show(client);
    await says(root, "1 model");
    const name = await found(() => root.querySelector<HTMLElement>("button.name"));
    name.click();
    await found(() => root.querySelector("dialog"));
    expect(root.querySelector("img, script, a[href], iframe")).toBeNull();
    // eslint-disable-next-line no-control-regex
    expect(root.textContent).not.toMatch(/[\u0000-\u0008\u200b\u202a-\u202e\u2066-\u2069]/);
    expect((root.querySelector("ul.grid")?.textContent ?? "").length).toBeLessThan(2500);
  });
});

describe("connection", () => {
  it("says that the kernel is busy, then that nobody answers", async () => {
    let answer = () => undefined as void;
    const client = new FakeClient(three());
    client.answers.hello = () => new Promise((resolve) => (answer = () => resolve(client.do_hello())));
    const root = show(client);
    await says(root, "Loading…");
    await vi.waitFor(() => {
      client.go("slow");
      expect(text(root)).toContain("The kernel is busy.");
    });
    client.go("silent");
    await says(root, "Not connectedRun this cell again.");
    client.go("open");
    answer();
    await says(root, "3 models");
  });
});
