// Stroke icons on a 16 px grid; each stands beside text or in a button that has a name.
import * as React from "react";

const PATHS = {
  copy: "M6 6h7v7H6zM10 6V3H3v7h3",
  download: "M8 2v8M4.5 7 8 10.5 11.5 7M3 13.5h10",
  trash: "M3 4.5h10M6 4.5V3h4v1.5M4.5 4.5 5 13h6l.5-8.5M7 7v4M9 7v4",
  edit: "M3 13l.6-2.9L10.5 3.2l2.3 2.3-6.9 6.9z",
  refresh: "M13 8a5 5 0 1 1-1.6-3.7M13 2.5v3h-3",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.3 10.3 14 14",
  compare: "M3 4h4v8H3zM9 4h4v8H9z",
  close: "M4 4l8 8M12 4l-8 8",
  back: "M9.5 3.5 5 8l4.5 4.5M5 8h8",
  check: "M3 8.5 6.5 12 13 4.5",
  warn: "M8 2.5 14.5 13.5h-13zM8 6.5v3.5M8 12v.1",
  restore: "M3 8a5 5 0 1 0 1.6-3.7M3 2.5v3h3",
  box: "M8 2 14 5v6l-6 3-6-3V5zM2 5l6 3 6-3M8 8v6",
  alias: "M4 2.5v11M4 3h8l-2 3 2 3H4",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }): React.ReactElement {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
