// The style sheet as a string, so that every bundler treats it alike.
import { readFile, writeFile } from "node:fs/promises";
import { transform } from "esbuild";

const source = await readFile("style/ui.css", "utf8");
const { code } = await transform(source, { loader: "css", minify: true });
await writeFile("src/ui/generated-css.ts", `export const css = ${JSON.stringify(code.trim())};\n`);
