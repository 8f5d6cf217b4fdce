// Small pieces that the views are made of.
import * as React from "react";

import { line, source } from "./format";
import { Icon, type IconName } from "./icons";
import { Failure } from "./types";

/** Text from a record on one line; what does not fit ends in an ellipsis, and is there on hovering. */
export function Text({ text, most = 120, className = "" }: { text: string; most?: number; className?: string }): React.ReactElement {
  return (
    <bdi className={`clip ${className}`} title={line(text, 500)}>
      {line(text, most)}
    </bdi>
  );
}

/** Small facts in a row, each kept apart from its neighbours' direction of writing. */
export function Meta({ facts, className = "" }: { facts: readonly string[]; className?: string }): React.ReactElement {
  const known = facts.filter(Boolean);
  return (
    <p className={`meta ${className}`}>
      {known.map((fact, at) => (
        <React.Fragment key={at}>
          {at > 0 && " · "}
          <bdi>{fact}</bdi>
        </React.Fragment>
      ))}
    </p>
  );
}

interface ButtonProps {
  readonly label: string;
  readonly onClick?: (() => void) | undefined;
  readonly icon?: IconName;
  readonly kind?: "plain" | "main" | "danger" | "quiet";
  readonly disabled?: boolean;
  readonly type?: "button" | "submit";
  readonly title?: string;
}

export function Button({ label, onClick, icon, kind = "plain", disabled = false, type = "button", title }: ButtonProps): React.ReactElement {
  return (
    <button type={type} className={`button ${kind}`} onClick={onClick} disabled={disabled} title={title}>
      {icon && <Icon name={icon} />}
      <span className="label">{label}</span>
    </button>
  );
}

interface IconButtonProps {
  readonly label: string;
  readonly icon: IconName;
  readonly onClick: () => void;
  readonly busy?: boolean;
}

export function IconButton({ label, icon, onClick, busy = false }: IconButtonProps): React.ReactElement {
  return (
    <button type="button" className="icon-button" aria-label={label} title={label} aria-busy={busy || undefined} onClick={onClick}>
      <Icon name={icon} />
    </button>
  );
}

/** Give the focus to the heading of the view, where what had it goes. */
export const focusHead = (element: Element | null) => (element?.getRootNode() as ParentNode | undefined)?.querySelector("h2")?.focus();

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly wide?: boolean;
  readonly children: React.ReactNode;
}

let dialogs = 0;

/** A native modal dialog: top layer, Escape closes, and the focus goes back to where it was. */
export function Dialog({ title, onClose, wide = false, children }: DialogProps): React.ReactElement {
  const element = React.useRef<HTMLDialogElement>(null);
  const id = React.useMemo(() => `dialog-${(dialogs += 1)}`, []);
  React.useLayoutEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  const cancel = (event: React.SyntheticEvent) => {
    event.preventDefault();
    event.stopPropagation();
    onClose();
  };
  return (
    <dialog ref={element} className={wide ? "wide" : ""} aria-labelledby={id} onCancel={cancel}>
      <h2 id={id}>{title}</h2>
      {children}
      {/* The last, so that what opens has its first control in focus, not its end. */}
      <div className="dialog-close">
        <IconButton label="Close" icon="close" onClick={onClose} />
      </div>
    </dialog>
  );
}

/** What went wrong, where it went wrong, with the way on. */
export function Problem({ error, onAgain }: { error: unknown; onAgain?: () => void }): React.ReactElement {
  const [message, hint] = told(error);
  return (
    <div className="notice bad" role="alert">
      <Icon name="warn" />
      <div className="grow">
        <strong className="wrap">{message}</strong>
        {hint && <p className="wrap">{hint}</p>}
      </div>
      {onAgain && <Button label="Try again" onClick={onAgain} />}
    </div>
  );
}

function told(error: unknown): [string, string] {
  if (error instanceof Failure) return [line(error.message, 500), line(error.hint, 500)];
  return ["Something went wrong in this page.", line(String(error), 300)];
}

export function Notice({ title, text, icon = "box", children }: { title: string; text?: React.ReactNode; icon?: IconName; children?: React.ReactNode }): React.ReactElement {
  return (
    <div className="notice dashed">
      <Icon name={icon} />
      <div className="grow">
        <strong>{title}</strong>
        {text && <p>{text}</p>}
      </div>
      {children}
    </div>
  );
}

/** Copy a text; tell whether that was let. Some frames refuse (VS Code, Colab): then it stands there to be selected. */
export async function copied(text: string): Promise<boolean> {
  return (await navigator.clipboard?.writeText(text).then(() => true, () => false)) ?? false;
}

/** A line to type, with a button that copies it. */
export function CopyLine({ text }: { text: string }): React.ReactElement {
  const [state, setState] = React.useState("");
  const copy = async () => setState((await copied(text)) ? "Copied" : "Select the line to copy it");
  return (
    <div className="copy-line">
      <code tabIndex={0}>{text}</code>
      <Button label="Copy" icon="copy" onClick={() => void copy()} />
      <span className="muted" role="status">
        {state}
      </span>
    </div>
  );
}

export function Tags({ tags, most }: { tags: readonly string[]; most: number }): React.ReactElement | null {
  if (tags.length === 0) return null;
  return (
    <ul className="tags" aria-label="Tags">
      {tags.slice(0, most).map((tag) => (
        <li key={tag} className="tag">
          <Text text={tag} most={50} />
        </li>
      ))}
      {tags.length > most && (
        <li className="tag" title={line(tags.slice(most).join(", "), 500)}>
          +{tags.length - most}
        </li>
      )}
    </ul>
  );
}

export function Aliases({ aliases }: { aliases: readonly string[] }): React.ReactElement {
  return (
    <>
      {aliases.slice(0, 3).map((alias) => (
        <span key={alias} className="alias" title={`Alias: ${line(alias, 100)}`}>
          <Text text={`@${alias}`} most={50} />
        </span>
      ))}
      {aliases.length > 3 && <span className="alias">+{aliases.length - 3}</span>}
    </>
  );
}

/** A description: line breaks kept, hidden characters shown. */
export function Paragraph({ text }: { text: string }): React.ReactElement {
  return (
    <p className="pre wrap" dir="auto">
      {source(text)}
    </p>
  );
}

interface TextFieldProps {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly hint?: string | undefined;
  readonly bad?: boolean | undefined;
  readonly required?: boolean;
  readonly placeholder?: string;
  readonly type?: string;
}

/** A line of text to type, with its label. */
export function TextField({ id, label, value, onChange, placeholder, hint, bad = false, required, type = "text" }: TextFieldProps): React.ReactElement {
  return (
    <Field id={id} label={label} hint={hint} bad={bad}>
      <input
        id={id}
        type={type}
        autoComplete="off"
        placeholder={placeholder}
        required={required}
        aria-invalid={bad}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        value={value}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
    </Field>
  );
}

interface FootProps {
  readonly away?: string;
  readonly label: string;
  readonly kind?: "main" | "danger";
  readonly disabled?: boolean;
  /** Left out: the button sends the form that it stands in. */
  readonly onDo?: () => void;
  readonly onClose: () => void;
}

/** The two ways out of a dialog: without doing it, and by doing it. */
export function DialogFoot({ away = "Cancel", label, kind = "main", disabled = false, onDo, onClose }: FootProps): React.ReactElement {
  return (
    <footer className="dialog-foot">
      <Button label={away} onClick={onClose} />
      <Button label={label} kind={kind} type={onDo ? "button" : "submit"} disabled={disabled} onClick={onDo} />
    </footer>
  );
}

/** A labelled control with a line below it that tells how it is going. */
export function Field({ label, hint, bad = false, id, children }: { label: string; hint?: string | undefined; bad?: boolean; id: string; children: React.ReactNode }): React.ReactElement {
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children}
      {hint !== undefined && (
        <p id={`${id}-hint`} className={bad ? "hint bad-text" : "hint"} role="status">
          {hint}
        </p>
      )}
    </div>
  );
}
