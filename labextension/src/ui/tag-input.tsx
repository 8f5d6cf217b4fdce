// Tags as tokens in a field, completed from those that the user has already.
import * as React from "react";

import { line } from "./format";
import { Icon } from "./icons";

interface TagInputProps {
  readonly id: string;
  readonly tags: readonly string[];
  readonly known: readonly string[];
  readonly onChange: (tags: readonly string[]) => void;
}

export function TagInput({ id, tags, known, onChange }: TagInputProps): React.ReactElement {
  const [text, setText] = React.useState("");
  const input = React.useRef<HTMLInputElement>(null);
  const same = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();
  const add = (tag: string) => {
    const clean = tag.trim();
    if (clean && !tags.some((one) => same(one, clean))) onChange([...tags, clean]);
    setText("");
  };
  const remove = (tag: string) => {
    onChange(tags.filter((one) => one !== tag));
    input.current?.focus();
  };
  const press = (event: React.KeyboardEvent) => {
    if ((event.key === "Enter" || event.key === ",") && text.trim()) {
      event.preventDefault();
      add(text);
    }
    const last = tags.at(-1);
    if (event.key === "Backspace" && text === "" && last !== undefined) remove(last);
  };
  const left = known.filter((tag) => !tags.some((one) => same(one, tag)));
  return (
    <div className="tokens" onClick={(event) => event.target === event.currentTarget && input.current?.focus()}>
      {tags.map((tag) => (
        <span key={tag} className="token">
          <bdi className="clip">{line(tag, 50)}</bdi>
          <button type="button" aria-label={`Remove tag ${line(tag, 50)}`} onClick={() => remove(tag)}>
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
        placeholder={tags.length === 0 ? "Type a tag, then Enter" : ""}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={press}
        onBlur={() => add(text)}
      />
      <datalist id={`${id}-known`}>
        {left.slice(0, 50).map((tag) => (
          <option key={tag} value={tag} />
        ))}
      </datalist>
    </div>
  );
}
