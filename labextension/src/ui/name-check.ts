import * as React from "react";

import { useLater } from "./hooks";
import type { Check } from "./types";

const TYPING = 150;

/** Let the kernel judge a text while it is typed, and again when `key` changes; null until it has judged this very one. */
export function useCheck(text: string, ask: (text: string) => Promise<Check>, key?: unknown): Check | null {
  const [checked, setChecked] = React.useState<{ text: string; check: Check } | null>(null);
  const later = useLater(text, TYPING);
  React.useEffect(() => {
    if (later.trim() === "") return;
    ask(later).then(
      (check) => setChecked({ text: later, check }),
      // What is done with it judges too: what could not be judged is no reason to lock the door.
      () => setChecked({ text: later, check: { ok: true, message: "", next_version: null, clean: later } }),
    );
  }, [later, key]);
  return checked?.text === text && text.trim() !== "" ? checked.check : null;
}
