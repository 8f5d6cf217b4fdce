// The page of states, for scripts/look.py. Never shipped.
import { mkdir, writeFile } from "node:fs/promises";
import { build } from "esbuild";
import { options } from "./options.mjs";

await build({ ...options, entryPoints: ["dev/page.tsx"], outfile: "dev/out/page.js", format: "iife" });
await mkdir("dev/out", { recursive: true });
await writeFile("dev/out/page.html", '<!doctype html><html lang="en"><meta charset="utf-8"><title>states</title><body><script src="page.js"></script></body></html>\n');
