// The form in place of the models while nobody is signed in.
import * as React from "react";

import { useDeed } from "./hooks";
import { Button, Problem, TextField } from "./parts";
import type { Client } from "./types";

export function SignIn({ client, onDone }: { client: Client; onDone: () => void }): React.ReactElement {
  const [email, setEmail] = React.useState("");
  const [secret, setSecret] = React.useState("");
  const [how, setHow] = React.useState<"password" | "code">("password");
  const deed = useDeed();
  const sign = (event: React.FormEvent) => {
    event.preventDefault();
    deed.run(async () => {
      await client.call("sign-in", { email, secret, how });
      onDone();
    });
  };
  const send = () =>
    deed.run(async () => {
      await client.call("send-code", { email });
      setHow("code");
      setSecret("");
    });
  const code = how === "code";
  return (
    <form className="panel" onSubmit={sign}>
      <p className="muted">
        No account? <code>%modelstore login EMAIL --sign-up</code>
      </p>
      <TextField id="email" label="E-mail" type="email" value={email} onChange={setEmail} />
      <TextField id="secret" label={code ? "The code that was sent" : "Password"} type={code ? "text" : "password"} value={secret} onChange={setSecret} />
      {deed.error !== null && <Problem error={deed.error} />}
      <footer className="dialog-foot">
        <Button label="Send a code" kind="quiet" disabled={deed.going} onClick={send} />
        <Button label="Sign in" kind="main" type="submit" disabled={deed.going} />
      </footer>
    </form>
  );
}
