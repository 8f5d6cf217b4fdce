// Where the page stands: which program shows it, and whether that is dark.

export type Host = "jupyter" | "vscode" | "other";

export function findHost(): Host {
  if (document.body.dataset.vscodeThemeKind !== undefined) return "vscode";
  const color = getComputedStyle(document.body).getPropertyValue("--jp-layout-color1");
  return color.trim() ? "jupyter" : "other";
}

export function isDark(element: Element): boolean {
  const { jpThemeLight, vscodeThemeKind } = document.body.dataset;
  if (jpThemeLight !== undefined) return jpThemeLight === "false";
  if (vscodeThemeKind !== undefined) return !vscodeThemeKind.includes("light");
  for (let at: Element | null = element; at !== null; at = at.parentElement) {
    const rgba = painted(getComputedStyle(at).backgroundColor);
    if (rgba !== null && rgba[3] > 128) return 0.299 * rgba[0] + 0.587 * rgba[1] + 0.114 * rgba[2] < 128;
  }
  return window.matchMedia?.("(prefers-color-scheme: dark)").matches ?? false;
}

/** Return a CSS color's bytes. It may be written in any color space (`oklch(…)`), so it is painted, not parsed. */
function painted(color: string): [number, number, number, number] | null {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const context = canvas.getContext("2d");
  if (context === null) return null;
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0, alpha = 0] = context.getImageData(0, 0, 1, 1).data;
  return [red, green, blue, alpha];
}

/** Call `changed` whenever the page's theme may have changed; return what ends it. */
export function watchTheme(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  const attributeFilter = ["class", "style", "data-theme", "data-jp-theme-light", "data-vscode-theme-kind"];
  for (const element of [document.documentElement, document.body]) observer.observe(element, { attributes: true, attributeFilter });
  return () => observer.disconnect();
}
