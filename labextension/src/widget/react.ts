// What the views use of React's API, from preact: half the size of preact/compat, and the whole module has to travel to
// the page with every widget. Bundlers are told to take it for "react" and "react-dom/client".
import { render, type ComponentChild } from "preact";

export { createElement, Fragment } from "preact";
export { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

export function createRoot(element: Element) {
  return {
    render: (view: ComponentChild) => render(view, element),
    unmount: () => render(null, element),
  };
}
