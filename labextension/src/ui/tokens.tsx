// Short texts as tokens in a field: tags, completed from those that the user has already, and metrics.
import * as React from "react";

import { line, number } from "./format";
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

const isNumber = (text: string) => /^\s*([+-]?inf|nan)\s*$/i.test(text) || (text.trim() !== "" && !Number.isNaN(Number(text)));

/** Return what follows a metric's name and its sign. */
const valueOf = (token: string) => token.trim().slice(keyOf(token).length).replace(/^\s*=/, "");

/** A token as it is shown: of a number the first digits. */
function shown(noun: string, token: string): string {
  const value = Number(valueOf(token));
  return line(noun === "metric" && !Number.isNaN(value) ? `${keyOf(token)}=${number(value, 5)}` : token, 50);
}

export function TokenInput({ id, noun, tokens, known = [], onChange }: TokenProps): React.ReactElement {
  const [text, setText] = React.useState("");
  const [wrong, setWrong] = React.useState("");
  const input = React.useRef<HTMLInputElement>(null);
  // The form is not sent over what would be lost.
  React.useEffect(() => input.current?.setCustomValidity(wrong), [wrong]);
  const key = (token: string) => (noun === "tag" ? token.toLowerCase() : keyOf(token));
  const add = (token: string) => {
    const clean = token.trim();
    if (clean && noun === "metric" && !(keyOf(clean) && isNumber(valueOf(clean)))) return setWrong("Write name=number, such as f1=0.71");
    const there = tokens.some((one) => key(one) === key(clean));
    if (clean) onChange(there ? tokens.map((one) => (key(one) === key(clean) ? clean : one)) : [...tokens, clean]);
    setText("");
  };
  const remove = (token: string) => {
    onChange(tokens.filter((one) => one !== token));
    input.current?.focus();
  };
  const press = (event: React.KeyboardEvent) => {
    // A comma ends a tag; in a number it is a mistake.
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
      <Tokens noun={noun} tokens={tokens} onRemove={remove} />
      <input
        ref={input}
        id={id}
        type="text"
        list={`${id}-known`}
        autoComplete="off"
        placeholder={tokens.length > 0 ? "" : noun === "tag" ? "Type a tag, then Enter" : "roc_auc=0.93, then Enter"}
        value={text}
        aria-invalid={wrong !== ""}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setWrong("");
        }}
        onKeyDown={press}
        onBlur={() => add(text)}
      />
      {wrong && (
        <p className="bad-text small" role="alert">
          {wrong}
        </p>
      )}
      <datalist id={`${id}-known`}>
        {left.slice(0, 50).map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
    </div>
  );
}

function Tokens({ noun, tokens, onRemove }: Pick<TokenProps, "noun" | "tokens"> & { onRemove: (token: string) => void }): React.ReactElement {
  return (
    <>
      {tokens.map((token) => (
        <span key={token} className="token">
          <bdi className="clip" title={line(token, 200)}>
            {shown(noun, token)}
          </bdi>
          <button type="button" aria-label={`Remove ${noun} ${shown(noun, token)}`} onClick={() => onRemove(token)}>
            <Icon name="close" />
          </button>
        </span>
      ))}
    </>
  );
}
