import { describe, expect, it } from "vitest";

import { ago, line, loadLine, moved, number, numeral, size, source, toNumber } from "../format";
import { record } from "./fake";

describe("text that nobody can vouch for", () => {
  it("shows what hides or reorders as escapes", () => {
    expect(line("safe\u202Egnp.exe")).toBe("safe\\u202egnp.exe");
    expect(line("a\u200Bb\u0000c\u2066d")).toBe("a\\u200bb\\u0000c\\u2066d");
    expect(line("two\n lines\tand")).toBe("two lines and");
    expect(line("\u{e0041}x")).toBe("\\U000e0041x");
  });

  it("leaves joiners in words and emoji", () => {
    expect(line("क्\u200dष 👩\u200d🔬")).toBe("क्\u200dष 👩\u200d🔬");
  });

  it("clips what is long, however long", () => {
    expect(line("x".repeat(10_000), 20)).toBe(`${"x".repeat(19)}…`);
    expect(line("\u202e".repeat(10_000), 40).length).toBeLessThanOrEqual(40);
    expect(line("😀".repeat(500), 20)).not.toContain("\\ud83d");
  });

  it("keeps the lines of source text", () => {
    expect(source("a\n\tb\u202e")).toBe("a\n\tb\\u202e");
  });
});

describe("numbers", () => {
  it.each([
    [0.93, "0.93"],
    [0.9996, "0.9996"],
    [0.99999999, "0.99999999"],
    [53.2, "53.2"],
    [1234.5, "1234.5"],
    [12, "12"],
    [1e-9, "1e-9"],
    [NaN, "nan"],
    [-Infinity, "-inf"],
  ])("%f is written %s", (value, written) => expect(number(value)).toBe(written));

  it("reads what JSON cannot say", () => {
    expect(toNumber({ $float: "nan" })).toBeNaN();
    expect(toNumber({ $int: "9007199254740993" })).toBeGreaterThan(9e15);
    expect(toNumber("0.5")).toBeNull();
  });

  it("writes sizes", () => {
    expect([size(0), size(1900), size(67e6), size(999_950_000), size(-1)]).toEqual(["0 B", "1.9 kB", "67 MB", "1.0 GB", "unknown size"]);
  });

  it("writes a metric with all its digits, to be typed again", () => {
    expect(numeral(0.1 + 0.2)).toBe("0.30000000000000004");
    expect(numeral({ $float: "-inf" })).toBe("-inf");
    expect(numeral({ $int: "123456789012345678901" })).toBe("123456789012345678901");
  });

  it("says how long ago a time was", () => {
    const now = Date.parse("2026-11-24T12:00:00Z");
    expect(ago("2026-11-24T11:59:30Z", now)).toBe("just now");
    expect(ago("2026-11-24T10:00:00Z", now)).toBe("2 h ago");
    expect(ago("2026-11-21T12:00:00Z", now)).toBe("3 days ago");
    expect(ago("no time", now)).toBe("unknown");
  });
});

describe("how a metric moved", () => {
  it("judges a change only if the way is known and the change is no noise", () => {
    expect(moved("up", 0.95, 0.9)).toEqual({ text: "0.05", up: true, good: true });
    expect(moved("down", 53, 50)?.good).toBe(false);
    expect(moved(null, 4, 3)?.good).toBeNull();
    expect(moved("up", 0.9301, 0.93)?.good).toBeNull();
    expect(moved("up", 0.93, 0.93)).toBeNull();
  });
});

describe("the line that loads a model", () => {
  it("quotes a name with a space, and names a strange one by its id", () => {
    expect(loadLine(record({ model_name: "churn", version: 3 }))).toBe("%load_model churn:3");
    expect(loadLine(record({ model_name: "my model" }))).toBe('%load_model "my model:1"');
    expect(loadLine(record({ model_name: 'x"; import os', id: "1f3a9c2e-0000" }))).toBe("%load_model id:1f3a9c2e");
  });

  it("names the hash of a file that has to be trusted", () => {
    const sha256 = "ab".repeat(32);
    expect(loadLine(record({ origin: "file", sha256 }))).toBe(`%load_model churn:1 --trust sha256:${sha256}`);
  });
});
