import * as React from "react";

import { useLater } from "./hooks";
import type { Client, NameCheck } from "./types";

const TYPING = 150;

/** Let the kernel judge a name while it is typed; null until it has judged this very one. */
export function useNameCheck(client: Client, name: string): NameCheck | null {
  const [checked, setChecked] = React.useState<{ name: string; check: NameCheck } | null>(null);
  const later = useLater(name, TYPING);
  React.useEffect(() => {
    if (later.trim() === "") return;
    client.call("check-name", { name: later }).then(
      (check) => setChecked({ name: later, check }),
      // The save itself judges too: a name that could not be judged is no reason to lock the door.
      () => setChecked({ name: later, check: { ok: true, message: "", next_version: null, clean: later } }),
    );
  }, [client, later]);
  return checked?.name === name && name.trim() !== "" ? checked.check : null;
}
