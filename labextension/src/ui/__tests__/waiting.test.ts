import { describe, expect, it } from "vitest";

import { Failure, type Waiting } from "../types";
import { FakeClient, HELLO, many } from "./fake";
import { control, found, press, says, show, text, type } from "./page";

const WAITS: Waiting = { id: "00000000-0000-4000-8000-000000000001", name: "churn", size: 16_000_000, refused: false, why: "", progress: null };

function waiting(about: Partial<Waiting> = {}): FakeClient {
  const client = new FakeClient(many(3));
  client.waiting = [{ ...WAITS, ...about }];
  return client;
}

describe("saves on their way", () => {
  it("are listed with the reason, and sent when asked", async () => {
    const client = waiting({ why: "The project does not answer. Try again later." });
    const root = show(client);
    await says(root, "churn16 MB · kept on this machine · The project does not answer.");
    await press(root, "Send now");
    await found(() => client.of("send")[0]);
  });

  it("show how far they are, as the kernel tells", async () => {
    const client = waiting();
    const root = show(client);
    await says(root, "kept on this machine");
    client.happen({ event: "pending", pending: [{ ...WAITS, progress: { stage: "sending", done: 4_000_000, total: 16_000_000 } }] });
    await says(root, "Sending · 4.0 MB of 16 MB · 25 %");
    client.happen({ event: "pending", pending: [] });
    await found(() => (root.querySelector("[aria-label='On their way']") ? null : true));
  });

  it("are given up after a question", async () => {
    const client = waiting({ refused: true, why: "<b>too large</b>" });
    const root = show(client);
    await says(root, "refused · <b>too large</b>");
    await press(root, "Give up…");
    await press(root, "Keep it");
    await press(root, "Give up…");
    expect(client.of("discard")).toEqual([]);
    await press(root, "Delete it from this machine");
    await found(() => (text(root).includes("refused") ? null : true));
    expect(client.of("discard")).toEqual([{ ref: `id:${WAITS.id}` }]);
  });
});

describe("signing in", () => {
  function signedOut(hello = {}): { client: FakeClient; in: { on: boolean } } {
    const state = { on: false };
    const list = (args: object) => {
      if (!state.on) throw new Failure("not_signed_in", "Nobody is signed in.", "%modelstore login YOU");
      return { records: many(2), total: 2, offset: 0, limit: 48, ...args };
    };
    return { client: new FakeClient(many(2), { list }, { sign_in: true, ...hello }), in: state };
  }

  it("takes a password, then shows the models", async () => {
    const { client, in: state } = signedOut();
    client.answers["sign-in"] = () => {
      state.on = true;
      return { said: "Signed in." };
    };
    const root = show(client);
    await type(root, "E-mail", "ada@example.org");
    await type(root, "Password", "correct horse");
    expect((await control(root, "Password")).type).toBe("password");
    await press(root, "Sign in");
    await says(root, "2 models");
    expect(client.of("sign-in")).toEqual([{ email: "ada@example.org", secret: "correct horse", how: "password" }]);
    expect(text(root)).not.toContain("E-mail");
    await found(() => client.of("hello")[1]);
  });

  it("sends a code, and keeps what was typed when it is wrong", async () => {
    const { client } = signedOut();
    client.answers["send-code"] = () => ({});
    client.answers["sign-in"] = () => {
      throw new Failure("not_signed_in", "The code is not right.", "");
    };
    const root = show(client);
    await type(root, "E-mail", "ada@example.org");
    await press(root, "Send a code");
    await type(root, "Code sent to you", "123456");
    await press(root, "Sign in");
    await says(root, "The code is not right.");
    expect((await control(root, "Code sent to you")).value).toBe("123456");
    expect(client.of("sign-in")).toEqual([{ email: "ada@example.org", secret: "123456", how: "code" }]);
  });

  it("goes back from a code to a password, and keeps the focus on the way", async () => {
    const { client } = signedOut();
    client.answers["send-code"] = () => ({});
    const root = show(client);
    await type(root, "E-mail", "ada@example.org");
    const turn = [...root.querySelectorAll("button")].find((button) => button.textContent === "Send a code")!;
    turn.focus();
    await press(root, "Send a code");
    await control(root, "Code sent to you");
    expect((root.getRootNode() as Document | ShadowRoot).activeElement).toBe(turn);
    await press(root, "Back");
    expect((await control(root, "Password")).type).toBe("password");
    expect(client.of("send-code")).toHaveLength(1);
  });

  it("makes an account, says what is left on this machine, and hands the focus on", async () => {
    const { client, in: state } = signedOut();
    client.answers["sign-in"] = () => {
      state.on = true;
      return { said: "On this machine, 40 versions are not in this project." };
    };
    const root = show(client);
    await type(root, "E-mail", "ada@example.org");
    await type(root, "Password", "correct horse");
    await press(root, "New account");
    await says(root, "40 versions are not in this project");
    await says(root, "2 models");
    expect(client.of("sign-in")).toEqual([{ email: "ada@example.org", secret: "correct horse", how: "sign-up" }]);
    expect((root.getRootNode() as Document | ShadowRoot).activeElement?.textContent).toBe("Models");
  });

  it("is asked anew who that is when somebody signs in elsewhere", async () => {
    const { client, in: state } = signedOut({ where: "in abcdefgh.supabase.co; nobody is signed in" });
    const root = show(client);
    await control(root, "E-mail");
    state.on = true;
    client.answers.hello = () => ({ ...HELLO, where: "in abcdefgh.supabase.co as ada@example.org" });
    client.happen({ event: "changed" });
    await says(root, "as ada@example.org");
  });

  it("is not offered where nobody can", async () => {
    const root = show(signedOut({ sign_in: false }).client);
    await says(root, "Nobody is signed in.");
    expect(text(root)).not.toContain("E-mail");
  });
});
