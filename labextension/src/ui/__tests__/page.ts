// A view in a page, and what a user does with it.
import * as React from "react";
import { vi } from "vitest";

import { App } from "../app";
import { mount } from "../mount";
import type { Kind } from "../types";
import type { FakeClient } from "./fake";

/** A machine may be busy with other things. */
const PATIENT = { timeout: 20_000 };

let unmount = () => undefined as void;

export function show(client: FakeClient, kind: Kind = "gallery"): ShadowRoot {
  unmount();
  document.body.replaceChildren();
  const element = document.createElement("div");
  document.body.append(element);
  unmount = mount(element, React.createElement(App, { client, kind }));
  const shadow = element.firstElementChild?.shadowRoot;
  if (!shadow) throw new Error("no shadow root");
  return shadow;
}

/** Wait until something is there. */
export function found<T>(look: () => T | null | undefined, what = String(look)): Promise<T> {
  return vi.waitFor(() => {
    const it = look();
    if (it === null || it === undefined) throw new Error(`not there: ${what}`);
    return it;
  }, PATIENT);
}

export function text(root: ParentNode): string {
  return (root.textContent ?? "").replace(/\s+/g, " ");
}

export function says(root: ParentNode, words: string): Promise<true> {
  return found(() => (text(root).includes(words) ? true : null), words);
}

/** Find a control by its accessible name; of several, the last: dialogs come after what they cover. */
export function control(root: ParentNode, name: string): Promise<HTMLInputElement> {
  return found(() => {
    const all = [...root.querySelectorAll<HTMLInputElement>("button, input, select, textarea, summary")];
    return all.filter((one) => nameOf(root, one) === name).at(-1);
  }, name);
}

function nameOf(root: ParentNode, element: HTMLElement): string {
  const label = element.id ? root.querySelector(`label[for="${element.id}"]`) : element.closest("label");
  return (element.getAttribute("aria-label") ?? (label ? text(label) : text(element))).trim();
}

export async function press(root: ParentNode, name: string): Promise<HTMLInputElement> {
  const it = await control(root, name);
  await vi.waitFor(() => {
    if (it.disabled) throw new Error(`disabled: ${name}`);
  }, PATIENT);
  it.click();
  return it;
}

export async function type(root: ParentNode, name: string, words: string): Promise<HTMLInputElement> {
  const it = await control(root, name);
  it.value = words;
  it.dispatchEvent(new Event("input", { bubbles: true }));
  return it;
}

export function key(element: HTMLElement, name: string): void {
  element.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }));
}
