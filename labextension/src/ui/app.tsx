// What a widget shows: first whether anybody answers, then the view that it is.
import * as React from "react";

import { CompareView } from "./compare";
import { Gallery, Skeleton } from "./gallery";
import { useAsked } from "./hooks";
import { Button, Notice, Problem } from "./parts";
import { OfferLine } from "./offer";
import { SaveDialog } from "./save";
import type { Client, Hello, Kind, Line } from "./types";

export function App({ client, kind }: { client: Client; kind: Kind }): React.ReactElement {
  const hello = useAsked(() => client.call("hello", {}), [client]);
  const [state, setState] = React.useState<Line>("open");
  React.useEffect(() => client.onLine(setState), [client]);
  if (hello.value !== null) {
    return (
      <>
        <Wait line={state} />
        <View client={client} hello={hello.value} onAgain={hello.again} />
      </>
    );
  }
  if (hello.error !== null) return <Problem error={hello.error} onAgain={hello.again} />;
  if (state === "silent") {
    return (
      <div className="alone">
        <Notice icon="warn" title="Not connected" text="Run this cell again.">
          <Button label="Try again" icon="refresh" onClick={hello.again} />
        </Notice>
      </div>
    );
  }
  return (
    <div className="alone">
      <Wait line={state} />
      <Waiting kind={kind} />
    </div>
  );
}

function Waiting({ kind }: { kind: Kind }): React.ReactElement {
  return (
    <>
      <p className="sr-only" role="status">
        Loading…
      </p>
      {kind === "offer" ? null : <Skeleton />}
    </>
  );
}

/** That an answer takes long, and why that may be. */
function Wait({ line }: { line: Line }): React.ReactElement | null {
  if (line === "open") return null;
  return (
    <p className="notice wait" role="status">
      {line === "slow"
        ? "The kernel is busy. This goes on as soon as it answers."
        : "Not connected: the kernel does not answer. If it was restarted, run this cell again."}
    </p>
  );
}

function View({ client, hello, onAgain }: { client: Client; hello: Hello; onAgain: () => void }): React.ReactElement {
  const [closed, setClosed] = React.useState<boolean | null>(null);
  if (hello.kind === "gallery") return <Gallery client={client} hello={hello} onAgain={onAgain} />;
  if (hello.kind === "compare") return <CompareView client={client} refs={hello.refs ?? []} />;
  if (hello.kind === "offer") return <OfferLine client={client} hello={hello} />;
  if (closed) {
    return (
      <div className="offer">
        <span className="muted">Closed.</span>
        <Button label="Save model…" onClick={() => setClosed(false)} />
      </div>
    );
  }
  return <SaveDialog client={client} where={hello.where} asked={closed === false} onClose={() => setClosed(true)} />;
}
