// Values as people write them, as card/_words.py does on the Python side. Whatever comes from a record is hostile: text
// passes line(), which shows what cannot be seen or would reorder a line as escapes.
import { MAX_NAME, type Json, type ModelRecord } from "./record";
import type { Way } from "./types";

const HIDDEN = /(?![\u200c\u200d])\p{C}/gu;

/** Return text on one line of at most `most` characters, with nothing hidden in it. */
export function line(text: string, most = 200): string {
  const raw = text.slice(0, 2 * most + 2).replace(/[\ud800-\udbff]$/, "").replace(/\s+/g, " ").trim();
  const shown = raw.replace(HIDDEN, escaped);
  return shown.length <= most && text.length <= 2 * most ? shown : `${shown.slice(0, most - 1).trimEnd()}…`;
}

/** Return source text or a description: line breaks stay, what hides is shown. */
export function source(text: string, most = 10_000): string {
  const shown = text
    .slice(0, most)
    .split(/\r?\n/)
    .map((part) => part.replace(/(?!\t)(?![\u200c\u200d])\p{C}/gu, escaped))
    .join("\n");
  return text.length > most ? `${shown}…` : shown;
}

function escaped(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  return code > 0xffff ? `\\U${code.toString(16).padStart(8, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}

/** Return a number with its noun: `1 version`, `3 versions`. */
export function count(many: number, one: string, more = `${one}s`): string {
  return `${whole(many)} ${many === 1 ? one : more}`;
}

export function whole(many: number): string {
  return many.toLocaleString("en-US");
}

/** Return bytes with their decimal unit: `1.9 kB`, `67 MB`. */
export function size(bytes: number): string {
  if (!Number.isFinite(bytes) || bytes < 0) return "unknown size";
  if (bytes < 1000) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB", "PB"];
  let [amount, unit] = [bytes / 1000, 0];
  while (amount >= 999.5 && unit < units.length - 1) [amount, unit] = [amount / 1000, unit + 1];
  return `${amount < 9.95 ? amount.toFixed(1) : amount.toFixed(0)} ${units[unit]}`;
}

/** Return the number that a JSON value stands for, or null. */
export function toNumber(value: Json | undefined): number | null {
  if (typeof value === "number") return value;
  const text = tagged(value, "$float") ?? tagged(value, "$int");
  if (typeof text !== "string") return null;
  return { nan: NaN, inf: Infinity, "-inf": -Infinity }[text] ?? Number(text);
}

/** Return a value as one would type it for a metric, with all its digits. */
export function numeral(value: Json): string {
  return String(tagged(value, "$float") ?? tagged(value, "$int") ?? value);
}

function tagged(value: Json | undefined, tag: string): Json | undefined {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return undefined;
  const keys = Object.keys(value);
  return keys.length === 1 && keys[0] === tag ? value[tag] : undefined;
}

/** Return a metric with 3 significant digits, or more where fewer would pass for a whole number: `0.9996`. */
export function number(value: number, digits = 3): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return String(value);
  if (Math.abs(value) >= 10 ** (digits - 1) && Math.abs(value) < 1e6) {
    const places = Math.max(1, digits - String(Math.trunc(Math.abs(value))).length);
    return value.toFixed(places).replace(/(\.\d+?)0+$/, "$1");
  }
  for (let more = digits; more < 18; more += 1) {
    const short = Number(value.toPrecision(more));
    if (!Number.isInteger(short) || Math.abs(value) >= 1e6) return String(short);
  }
  return String(value);
}

/** Return a metric for reading: a number as a number, text as it is. */
export function plain(value: Json, most = 120): string {
  const amount = toNumber(value);
  return amount !== null ? number(amount) : line(typeof value === "string" ? value : JSON.stringify(value), most);
}

const STEPS: readonly (readonly [number, number, string])[] = [
  [5400, 60, "min"],
  [129_600, 3600, "h"],
  [5_184_000, 86_400, "day"],
  [63_115_200, 2_629_800, "month"],
  [Infinity, 31_557_600, "year"],
];

/** Return how long ago a time was: `just now`, `2 h ago`, `3 days ago`. */
export function ago(iso: string, now = Date.now()): string {
  const seconds = (now - Date.parse(iso)) / 1000;
  if (Number.isNaN(seconds)) return "unknown";
  if (Math.abs(seconds) < 60) return "just now";
  const [, length, unit] = STEPS.find(([most]) => Math.abs(seconds) < most) ?? [0, 31_557_600, "year"];
  const many = Math.round(Math.abs(seconds) / length);
  const text = unit === "min" || unit === "h" ? `${many} ${unit}` : count(many, unit);
  return seconds > 0 ? `${text} ago` : `in ${text}`;
}

/** Return a time in the local time zone, `2026-11-23 21:30`. */
export function date(iso: string): string {
  const when = new Date(iso);
  if (Number.isNaN(when.getTime())) return "unknown";
  const two = (part: number) => String(part).padStart(2, "0");
  const day = `${when.getFullYear()}-${two(when.getMonth() + 1)}-${two(when.getDate())}`;
  return `${day} ${two(when.getHours())}:${two(when.getMinutes())}`;
}

/** Return a model's type in words; empty for `other`. */
export function typeName(type: string): string {
  return type === "other" ? "" : line(type, 40).replace(/_/g, " ");
}

const NAME = /^[\p{L}\p{N}](?:[\p{L}\p{M}\p{N} ._\-+()&,]*[\p{L}\p{M}\p{N}._\-+()&,])?$/u;
const WORD = /^[\p{L}\p{M}\p{N}_.\-+:@/]+$/u;

/** Return a record's reference, to read. */
export function title(record: Pick<ModelRecord, "model_name" | "version">): string {
  return `${line(record.model_name, 100)}:${record.version}`;
}

/** Return the reference that means this record alone, whatever it is called. */
export function byId(record: Pick<ModelRecord, "id">): string {
  return `id:${record.id}`;
}

/** Return the line that loads a record; a file that was kept as it is has to be trusted by its hash. */
export function loadLine(record: ModelRecord): string {
  const ok = record.model_name.length <= MAX_NAME && NAME.test(record.model_name);
  const ref = ok ? `${record.model_name}:${record.version}` : `id:${line(record.id, 36).slice(0, 8)}`;
  const trust = record.origin !== "fitted" && /^[0-9a-f]{64}$/.test(record.sha256 ?? "") ? ` --trust sha256:${record.sha256}` : "";
  return loading(ref) + trust;
}

/** Return the line that loads what a reference means. */
export function loading(ref: string): string {
  return `%load_model ${WORD.test(ref) ? ref : `"${ref}"`}`;
}

const NOISE = 0.005;

/** Return how a value moved, and whether that is good; differences below half a percent are neither. */
export function moved(better: Way, value: number, before: number): { text: string; up: boolean; good: boolean | null } | null {
  const change = value - before;
  if (!Number.isFinite(change) || change === 0) return null;
  const way = Math.abs(change) < NOISE * Math.abs(before) ? null : better;
  return { text: number(Math.abs(change), 2), up: change > 0, good: way === null ? null : change > 0 === (way === "up") };
}

/** Return the metric that stands for a record: the first of those asked for, or else the first it has. */
export function mainMetric(record: ModelRecord, asked: readonly string[] = []): string | null {
  const has = (name: string) => toNumber(record.metrics[name]) !== null;
  return asked.find(has) ?? Object.keys(record.metrics).find(has) ?? null;
}
