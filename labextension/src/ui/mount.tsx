// A view in an open shadow root: the page's rules stay out, its custom properties come in.
import * as React from "react";
import { createRoot } from "react-dom/client";

import { css } from "./generated-css";
import { findHost, isDark, watchTheme } from "./host";

/** Render into `element`; return what takes it away again. */
export function mount(element: HTMLElement, view: React.ReactElement): () => void {
  const host = document.createElement("div");
  const shadow = host.attachShadow({ mode: "open" });
  const style = document.createElement("style");
  style.textContent = css;
  const inner = document.createElement("div");
  inner.classList.add("root");
  // JupyterLab would take "b" or "dd" in one of our buttons for a command on the cell.
  host.dataset.lmSuppressShortcuts = inner.dataset.lmSuppressShortcuts = "true";
  // JupyterLab forbids the line break that Enter is at first, and with it the sending of a form.
  inner.addEventListener("keydown", (event) => {
    const input = event.target;
    if (event.key !== "Enter" || event.defaultPrevented || event.isComposing || !(input instanceof HTMLInputElement)) return;
    event.preventDefault();
    input.form?.requestSubmit();
  });
  shadow.append(style, inner);
  element.append(host);
  const dress = () => {
    inner.dataset.theme = isDark(element) ? "dark" : "light";
    inner.dataset.host = findHost();
  };
  dress();
  const unwatch = watchTheme(dress);
  const root = createRoot(inner);
  root.render(view);
  return () => {
    unwatch();
    root.unmount();
    host.remove();
  };
}
