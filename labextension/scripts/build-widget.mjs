// The anywidget module: one file that the kernel sends to the page.
import { build } from "esbuild";
import { options } from "./options.mjs";

await build({
  ...options,
  entryPoints: ["src/widget/index.tsx"],
  outfile: "../jupyter_modelstore/static/widget.js",
  minify: true,
});
