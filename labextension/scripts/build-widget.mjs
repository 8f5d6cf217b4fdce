// The anywidget module: one file that the kernel sends to the page.
import { mkdir, writeFile } from "node:fs/promises";
import { build } from "esbuild";
import { minify } from "vite";
import { options } from "./options.mjs";

const TARGET = "../jupyter_modelstore/static/widget.js";
const { outputFiles, mangleCache } = await build({ ...options, entryPoints: ["src/widget/index.tsx"], minify: true, write: false });
// A property that is also named by a text, as `icons["refresh"]`, must keep its name.
const texts = new Set(outputFiles[0].text.match(/(?<=["'`])\w+(?=["'`])/g));
for (const name of Object.keys(mangleCache)) if (name !== "className" && texts.has(name)) throw new Error(`"${name}" is a text too: not to be shortened`);
// The other minifier simplifies what esbuild's leaves.
const { code, errors } = await minify("widget.js", outputFiles[0].text, { module: true, compress: { target: options.target }, mangle: { toplevel: true } });
if (errors.length > 0) throw new Error(errors[0].message);
await mkdir("../jupyter_modelstore/static", { recursive: true });
await writeFile(TARGET, code);
