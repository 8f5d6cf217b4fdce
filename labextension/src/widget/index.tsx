// The door for anywidget.
import * as React from "react";

import { App } from "../ui/app";
import { mount } from "../ui/mount";
import type { Kind } from "../ui/types";
import { Rpc, type Model } from "./rpc";

function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  const client = new Rpc(model);
  const unmount = mount(el, <App client={client} kind={model.get("_kind") as Kind} />);
  return () => {
    unmount();
    client.close();
  };
}

export default { render };
