// How far a save is.
import * as React from "react";

import { line, size } from "./format";
import type { Progress } from "./types";

export function ProgressBar({ progress }: { progress: Progress | null }): React.ReactElement {
  const stage = progress ? line(progress.stage, 40) : "starting";
  const part = progress?.total ? Math.min(1, progress.done / progress.total) : null;
  const percent = part === null ? "" : `${Math.floor(part * 100)} %`;
  const bytes = progress === null || progress.done === 0 ? "" : progress.total ? `${size(progress.done)} of ${size(progress.total)}` : size(progress.done);
  const label = stage.charAt(0).toUpperCase() + stage.slice(1);
  return (
    <div className="progress grow">
      <progress aria-label={label} {...(part === null ? {} : { value: part, max: 1 })} />
      <p className="meta">{[label, bytes, percent].filter(Boolean).join(" · ")}</p>
      {/* Only the stages are read out: ten numbers a second would be noise. */}
      <span className="sr-only" role="status">
        {label}
      </span>
    </div>
  );
}
