import * as React from "react";

/** What a question to the kernel has led to so far. The last answer stays while the next is awaited. */
export interface Asked<T> {
  readonly value: T | null;
  readonly error: unknown;
  readonly waiting: boolean;
  readonly again: () => void;
}

/** Ask when `keys` change; an answer that comes after a newer question is dropped. */
export function useAsked<T>(ask: () => Promise<T>, keys: readonly unknown[]): Asked<T> {
  const [state, setState] = React.useState<Omit<Asked<T>, "again">>({ value: null, error: null, waiting: true });
  const [turn, setTurn] = React.useState(0);
  React.useEffect(() => {
    let current = true;
    setState((before) => ({ ...before, waiting: true }));
    ask().then(
      (value) => current && setState({ value, error: null, waiting: false }),
      (error: unknown) => current && setState((before) => ({ ...before, error, waiting: false })),
    );
    return () => {
      current = false;
    };
  }, [...keys, turn]);
  return { ...state, again: () => setTurn((before) => before + 1) };
}

/** Something that a button does: whether it is going on, and how it failed. */
export interface Deed {
  readonly going: boolean;
  readonly error: unknown;
  readonly run: (work: () => Promise<void>) => void;
}

export function useDeed(): Deed {
  const [state, setState] = React.useState<{ going: boolean; error: unknown }>({ going: false, error: null });
  const run = (work: () => Promise<void>) => {
    setState({ going: true, error: null });
    work().then(
      () => setState({ going: false, error: null }),
      (error: unknown) => setState({ going: false, error }),
    );
  };
  return { ...state, run };
}

export function useLater<T>(value: T, milliseconds: number): T {
  const [later, setLater] = React.useState(value);
  React.useEffect(() => {
    const timer = setTimeout(() => setLater(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return later;
}
