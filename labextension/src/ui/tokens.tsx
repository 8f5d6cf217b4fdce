// Short texts as tokens in a field: tags, completed from those that the user has already, and metrics.
import * as React from "react";

import { line } from "./format";
import { Icon } from "./icons";

interface TokenProps {
  readonly id: string;
  /** What one token is. */
  readonly noun: "tag" | "metric";
  readonly tokens: readonly string[];
  readonly known?: readonly string[];
  readonly onChange: (tokens: readonly string[]) => void;
}

/** Return what a token stands for: of two that stand for the same, the later counts. A metric is `NAME=VALUE`, as the magics take it. */
export function keyOf(token: string): string {
  return (/^([^=(]*(?:\([^)]*\))?[^=(]*)=/.exec(token)?.[1] ?? token).trim();
}

export function TokenInput({ id, noun, tokens, known = [], onChange }: TokenProps): React.ReactElement {
  const [text, setText] = React.useState("");
  const input = React.useRef<HTMLInputElement>(null);
  const key = (token: string) => (noun === "tag" ? token.toLowerCase() : keyOf(token));
  const add = (token: string) => {
    const clean = token.trim();
    const there = tokens.some((one) => key(one) === key(clean));
    if (clean) onChange(there ? tokens.map((one) => (key(one) === key(clean) ? clean : one)) : [...tokens, clean]);
    setText("");
  };
  const remove = (token: string) => {
    onChange(tokens.filter((one) => one !== token));
    input.current?.focus();
  };
  const press = (event: React.KeyboardEvent) => {
    // A comma ends a tag; in a number it is a mistake, which the kernel tells.
    if ((event.key === "Enter" || (event.key === "," && noun === "tag")) && text.trim()) {
      event.preventDefault();
      add(text);
    }
    const last = tokens.at(-1);
    if (event.key === "Backspace" && text === "" && last !== undefined) remove(last);
  };
  const left = known.filter((one) => !tokens.some((other) => key(one) === key(other)));
  return (
    <div className="tokens" onClick={(event) => event.target === event.currentTarget && input.current?.focus()}>
      {tokens.map((token) => (
        <span key={token} className="token">
          <bdi className="clip">{line(token, 50)}</bdi>
          <button type="button" aria-label={`Remove ${noun} ${line(token, 50)}`} onClick={() => remove(token)}>
            <Icon name="close" />
          </button>
        </span>
      ))}
      <input
        ref={input}
        id={id}
        type="text"
        list={`${id}-known`}
        autoComplete="off"
        placeholder={tokens.length > 0 ? "" : noun === "tag" ? "Type a tag, then Enter" : "roc_auc=0.93, then Enter"}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={press}
        onBlur={() => add(text)}
      />
      <datalist id={`${id}-known`}>
        {left.slice(0, 50).map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
    </div>
  );
}
