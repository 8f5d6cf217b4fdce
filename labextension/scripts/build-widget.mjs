// The anywidget module: one file that the kernel sends to the page.
import { mkdir, writeFile } from "node:fs/promises";
import { build } from "esbuild";
import { minify } from "vite";
import { options } from "./options.mjs";

const TARGET = "../jupyter_modelstore/static/widget.js";
const { outputFiles } = await build({ ...options, entryPoints: ["src/widget/index.tsx"], minify: true, write: false });
// The other minifier simplifies what esbuild's leaves.
const { code, errors } = await minify("widget.js", outputFiles[0].text, { module: true, compress: { target: options.target }, mangle: { toplevel: true } });
if (errors.length > 0) throw new Error(errors[0].message);
await mkdir("../jupyter_modelstore/static", { recursive: true });
await writeFile(TARGET, code);
