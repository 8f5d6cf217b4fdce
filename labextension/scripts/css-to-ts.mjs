// The style sheet as a string, so that every bundler treats it alike.
import { readFile, writeFile } from "node:fs/promises";
import { transform } from "esbuild";

const source = await readFile("style/ui.css", "utf8");
const { code } = await transform(source, { loader: "css", minify: true });

// The module travels with every widget: our own custom properties (those that are set here) get short names.
const own = [...new Set(code.match(/--[a-z-]+(?=:)/g))];
const short = new Map(own.map((name, at) => [name, `--m${at.toString(36)}`]));
const css = code.trim().replace(/--[a-z-]+/g, (name) => short.get(name) ?? name);
await writeFile("src/ui/generated-css.ts", `export const css = ${JSON.stringify(css)};\n`);
