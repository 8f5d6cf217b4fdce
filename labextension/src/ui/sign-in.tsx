// The form in place of the models while nobody is signed in.
import * as React from "react";

import { useDeed } from "./hooks";
import { Button, focusHead, Problem, TextField } from "./parts";
import type { Client } from "./types";

export function SignIn({ client, onDone }: { client: Client; onDone: (said: string) => void }): React.ReactElement {
  const [email, setEmail] = React.useState("");
  const [secret, setSecret] = React.useState("");
  const [code, setCode] = React.useState(false);
  const form = React.useRef<HTMLFormElement>(null);
  const deed = useDeed();
  const sign = (how: "password" | "code" | "sign-up") =>
    deed.going ||
    deed.run(async () => {
      const { said } = await client.call("sign-in", { email, secret, how });
      focusHead(form.current);
      onDone(said);
    });
  const turn = () =>
    deed.run(async () => {
      if (!code) await client.call("send-code", { email });
      setCode(!code);
      setSecret("");
    });
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    sign(code ? "code" : "password");
  };
  return (
    <form ref={form} className="panel" onSubmit={submit}>
      <h3 className="strong">Sign in</h3>
      <TextField id="mail" label="E-mail" type="email" value={email} onChange={setEmail} />
      <TextField id="key" label={code ? "Code sent to you" : "Password"} type={code ? "text" : "password"} value={secret} onChange={setSecret} />
      {deed.error !== null && <Problem error={deed.error} />}
      <footer className="dialog-foot">
        {!code && <Button label="New account" onClick={() => sign("sign-up")} />}
        <Button label={code ? "Back" : "Send a code"} onClick={turn} />
        <Button label="Sign in" kind="main" type="submit" />
      </footer>
    </form>
  );
}
