// One quiet line after a training; it opens the save dialog in its place.
import * as React from "react";

import { line, loading } from "./format";
import { Icon } from "./icons";
import { Button, CopyLine } from "./parts";
import { SaveDialog } from "./save";
import type { Client, Hello, Offer } from "./types";

export function OfferLine({ client, hello }: { client: Client; hello: Hello }): React.ReactElement {
  const [offer, setOffer] = React.useState<Offer>(hello.offer ?? { state: "open" });
  const [open, setOpen] = React.useState(hello.offer?.mode === "dialog" && hello.offer.state === "open");
  const [asked, setAsked] = React.useState(false);
  const button = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => client.onEvent((happening) => happening.event === "offer" && setOffer((before) => ({ ...before, ...happening.offer }))), [client]);
  const close = () => {
    setOpen(false);
    setTimeout(() => button.current?.querySelector("button")?.focus());
  };
  const ask = () => {
    setAsked(true);
    setOpen(true);
  };
  const dismiss = () => {
    setOffer({ ...offer, state: "dismissed" });
    // If the kernel does not hear it, the line comes back with the next look at the notebook; nothing is lost.
    client.call("dismiss", {}).catch(() => undefined);
  };
  const saved = (ref: string) => setOffer({ ...offer, state: "saved", ref });
  if (open) {
    return <SaveDialog client={client} where={hello.where} asked={asked} onClose={close} onSaved={(answer) => saved(`${answer.record.model_name}:${answer.record.version}`)} />;
  }
  return (
    <div ref={button} className={offer.state === "dismissed" ? "offer gone" : "offer"} role="group" aria-label="Offer to keep a model">
      <Told offer={offer} onSave={ask} onDismiss={dismiss} />
    </div>
  );
}

function Told({ offer, onSave, onDismiss }: { offer: Offer; onSave: () => void; onDismiss: () => void }): React.ReactElement {
  switch (offer.state) {
    case "dismissed":
      return (
        <span className="sr-only" role="status">
          Not kept.
        </span>
      );
    case "saved":
      return (
        <>
          <span className="good-text wrap" role="status">
            <Icon name="check" /> Kept as {line(offer.ref ?? "", 120)}
          </span>
          {offer.ref && <CopyLine text={loading(line(offer.ref))} />}
        </>
      );
    case "stale":
      return (
        <span className="muted wrap" role="status">
          {offer.variable ? <code>{line(offer.variable, 60)}</code> : "The model"} was fitted again since; this offer is over.
        </span>
      );
    case "open":
      return (
        <>
          <span className="clip" title={line(offer.variable ?? "", 60)}>{`Keep this ${line(offer.algorithm || "model", 60)}?`}</span>
          <Button label="Save model…" onClick={onSave} />
          <Button label="Not now" kind="quiet" onClick={onDismiss} />
        </>
      );
  }
}
