// One state in a page that looks like a notebook's: page.html?state=gallery&theme=dark
import * as React from "react";

import { App } from "../src/ui/app";
import { mount } from "../src/ui/mount";
import { STATES } from "./states";

const asked = new URLSearchParams(location.search);
const state = STATES[asked.get("state") ?? "gallery"]?.();
const dark = asked.get("theme") === "dark";

document.body.dataset.jpThemeLight = String(!dark);
const jupyter = dark
  ? { "--jp-layout-color1": "#111", "--jp-layout-color2": "#333", "--jp-ui-font-color0": "#fff" }
  : { "--jp-layout-color1": "#fff", "--jp-layout-color2": "#eee", "--jp-ui-font-color0": "rgba(0, 0, 0, 1)" };
const fonts = { "--jp-ui-font-family": "system-ui, sans-serif", "--jp-code-font-family": "monospace" };
for (const [name, value] of Object.entries({ ...jupyter, ...fonts })) document.body.style.setProperty(name, value);
document.body.style.background = jupyter["--jp-layout-color1"];
document.body.style.margin = "0";

const element = document.createElement("div");
document.body.append(element);
if (state) {
  mount(element, <App client={state.client} kind={state.kind} />);
  if (state.line) setTimeout(() => state.client.go(state.line ?? "open"), 50);
  Object.assign(window, { steps: { press: state.press ?? [], type: state.type ?? null, unfold: state.unfold ?? false } });
}
Object.assign(window, { names: Object.keys(STATES) });
