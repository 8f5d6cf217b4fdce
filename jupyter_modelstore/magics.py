"""The door of IPython: a magic parses its line, calls a verb, and shows what it answers.

Most magics are made from the table of verbs; their help is the parser's. Only ``%save_model``, which looks into the notebook,
``%load_model``, which returns the model, and ``%modelstore``, which holds the rest, have a body of their own. Nothing heavy is
imported before the first magic runs, but aside, in a live notebook, what widgets need.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import os
import re
import sys
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jupyter_modelstore._arriving import Arrivals, ProgressLine
from jupyter_modelstore._front import is_live
from jupyter_modelstore._lines import Word, as_word, split_line
from jupyter_modelstore._outputs import Outputs
from jupyter_modelstore._watching import Watching
from jupyter_modelstore.errors import (
    Ambiguous,
    InvalidReference,
    InvalidValue,
    ModelStoreError,
    NotConfirmed,
    NotFound,
    SomebodyElse,
    UsageError,
)
from jupyter_modelstore.names import visible
from jupyter_modelstore.offer import Offers

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from jupyter_modelstore._parser import Parser
    from jupyter_modelstore.card import Shown
    from jupyter_modelstore.config import ModelStore
    from jupyter_modelstore.registry import Registry
    from jupyter_modelstore.verbs import Verb
    from jupyter_modelstore.widgets import Comparison, Gallery, SaveDialog

VERB_OF_MAGIC = {
    "models": "list",
    "download_model": "download",
    "edit_model": "edit",
    "alias_model": "alias",
    "delete_model": "delete",
    "restore_model": "restore",
    "compare_models": "compare",
    "model_stats": "stats",
    "model_card": "show",
}
SUBCOMMANDS = (
    "status",
    "login",
    "logout",
    "resume",
    "discard",
    "push",
    "doctor",
    "autoload",
    "config",
    "offer",
    "prune",
    "empty-trash",
    "purge",
    "rename",
    "versions",
)
_STARTUP_FILE = "50-jupyter-modelstore.py"
_STARTUP = '''\
"""Written by `%modelstore autoload on`; `%modelstore autoload off` removes it."""

try:
    get_ipython().run_line_magic("load_ext", "jupyter_modelstore")
except ModuleNotFoundError:
    pass  # an environment without jupyter-modelstore
'''
MAGICS = ("save_model", "load_model", *VERB_OF_MAGIC, "modelstore")


class Magics:
    """The magics of one shell.

    Parameters
    ----------
    shell
        Its namespace holds the models.
    """

    subcommands: tuple[str, ...] = SUBCOMMANDS

    def __init__(self, shell: InteractiveShell) -> None:
        self.shell = shell
        self._settings: ModelStore | None = None
        self._arrivals: Arrivals | None = None
        self.watching = Watching(shell, lambda: self.settings)
        self.outputs = Outputs(shell)
        self.offers = Offers(shell, self.watching, lambda: self.settings, lambda: self.store, self.outputs)

    @property
    def settings(self) -> ModelStore:
        """What is configured for this shell."""
        if self._settings is None:
            from jupyter_modelstore.config import ModelStore

            self._settings = ModelStore(parent=self.shell)
            self._settings.observe(self._forget_store, ["url", "home", "key", "space"])
        return self._settings

    @property
    def store(self) -> Registry:
        """The store that is configured; opened when it is first needed."""
        return self.arrivals.store

    @property
    def arrivals(self) -> Arrivals:
        """The store, and what is on its way there; opened when it is first needed."""
        if self._arrivals is None:
            self._arrivals = Arrivals(self.settings.registry())
            self._arrivals.begin()
        try:
            self._arrivals.store.user_id  # noqa: B018 (asked whether it is the same person still)
        except SomebodyElse:
            self._arrivals = None  # the next line goes on as them
            raise
        except ModelStoreError:  # nobody is signed in; whoever needs somebody says so
            pass
        return self._arrivals

    def _forget_store(self, _: object) -> None:
        self._arrivals = None  # what is being sent goes on

    def parser(self, magic: str, command: str) -> Parser | None:
        """Return the parser of a magic, or of a command of ``%modelstore``; None if it has none."""
        from jupyter_modelstore.verbs import VERBS

        if magic == "save_model":
            return save_parser()
        verb = VERBS.get(
            command if magic == "modelstore" else "load" if magic == "load_model" else VERB_OF_MAGIC.get(magic, "")
        )
        return None if verb is None else _parser(verb, f"%{magic}")

    # ---- the magics that are made from the table ---------------------------------------------------------------------

    def run_verb(self, verb: Verb, line: str, prog: str) -> Any:  # noqa: ANN401 (any answer)
        """Parse a line, ask what must be asked, call the verb and show its answer."""
        options = vars(_parser(verb, prog).parse_args(split_line(line)))
        yes = options.pop("yes", False)
        self._settle(verb.name, options)
        if verb.question is not None and not yes:
            # In front: the line may end with a comment.
            self._confirm(verb.question(self.store, **options), f"{prog} --yes {line.strip()}".rstrip())
        answer = verb.call(self.store, **options)
        show(verb.show(self.store, answer))
        self._changed(verb.name)
        self.arrivals.answered()
        return answer

    def _settle(self, verb: str, options: Mapping[str, Any]) -> None:
        """Let saves arrive that a line may mean: before, `churn:3` is not there, and `churn` is the version before."""
        from jupyter_modelstore.verbs import CHANGING

        if verb == "resume":
            self.arrivals.settle_all()
        elif verb != "discard":
            refs = [options.get("ref"), options.get("name"), *(options.get("refs") or ())]
            self.arrivals.settle(refs, only_versions=verb not in CHANGING)

    def _changed(self, verb: str) -> None:
        """Let open galleries look again, if there are any, and a reason."""
        from jupyter_modelstore.verbs import CHANGING

        widgets = sys.modules.get("jupyter_modelstore.widgets")
        if widgets is not None and verb in CHANGING:
            widgets.tell_changed(self.store)

    @staticmethod
    def _confirm(question: str | None, line: str) -> None:
        if question is None:
            return
        try:
            answer = input(f"{question} [y/N] ")
        except (EOFError, OSError, NotImplementedError) as error:  # nbconvert, papermill, a script
            raise NotConfirmed(
                f"{question} Nobody can be asked here, so nothing was changed.", f"To do it: {visible(line)}"
            ) from error
        if answer.strip().casefold() not in {"y", "yes"}:
            raise NotConfirmed("Nothing was changed.")

    # ---- gallery, comparison ---------------------------------------------------------------------------------------

    def models(self, line: str) -> None:
        """Show the models: a gallery to work with in a live notebook, elsewhere a table."""
        from jupyter_modelstore import card
        from jupyter_modelstore.verbs import VERBS

        options = vars(_parser(VERBS["list"], "%models").parse_args(split_line(line)))
        if self._is_static(table=options.pop("table")):
            answer = VERBS["list"].call(self.store, **options)
            show(VERBS["list"].show(self.store, answer))
        elif is_live(self.shell):
            from jupyter_modelstore.widgets import Gallery

            self._show(Gallery(self.store, settings=self.settings, query=_chosen(options)))
        else:
            show(card.Shown("Gallery: run this cell in a notebook to see your models, or write %models --table"))

    def compare_models(self, line: str) -> None:
        """Show models side by side: a view in a live notebook, which stores none of it; elsewhere a table."""
        from jupyter_modelstore import card
        from jupyter_modelstore.verbs import VERBS

        options = vars(_parser(VERBS["compare"], "%compare_models").parse_args(split_line(line)))
        if self._is_static(table=options.pop("table")):
            self._settle("compare", options)
            show(VERBS["compare"].show(self.store, VERBS["compare"].call(self.store, **options)))
        elif is_live(self.shell):
            from jupyter_modelstore.widgets import Comparison

            self._settle("compare", options)
            self._show(Comparison(options["refs"], self.store, self.settings))
        else:
            show(card.Shown("Comparison: run this cell in a notebook to see it, or write %compare_models --table"))

    def _show(self, widget: Comparison | Gallery | SaveDialog) -> None:
        """Display a widget under the running cell, until that runs again."""
        self.outputs.note(widget)
        display(widget)

    def _is_static(self, *, table: bool) -> bool:
        """Tell whether an answer is written into the notebook, in place of a widget."""
        how = "always" if table else self.settings.static_output
        return how == "always" or (how == "auto" and not is_live(self.shell))

    # ---- cards -------------------------------------------------------------------------------------------------------

    def model_card(self, line: str) -> None:
        """Show all that is known of a saved model; of a variable, which saved model it is, or was."""
        from jupyter_modelstore import card
        from jupyter_modelstore.verbs import VERBS

        verb, words = VERBS["show"], split_line(line)
        found, stored = self._variable(words), True
        try:
            self.run_verb(verb, line, "%model_card")
        except (NotFound, InvalidReference):
            if found is None:
                raise
            stored = False
        if found is not None:
            self.watching.advance()
            known = self.store.recognise(found)
            state = "unsaved" if known is None else "unchanged" if known[1] else self.watching.watch.since_kept(found)
            record = None if known is None else known[0]
            show(card.variable_card(str(words[0]), record, state, self.store.where, brief=stored))

    def _variable(self, words: list[Word]) -> object:
        """Return the model that the one word of a line names; None if it names none."""
        from jupyter_modelstore import capture

        if len(words) != 1:
            return None
        try:
            found = capture.resolve(str(words[0]), self.shell.user_ns)
            capture.check(found)
        except ModelStoreError:
            return None
        return found

    # ---- save --------------------------------------------------------------------------------------------------------

    def save_model(self, line: str, local_ns: Mapping[str, Any] | None = None) -> None:
        """Keep a fitted model of this notebook, or with ``--file`` an existing file."""
        from jupyter_modelstore import card
        from jupyter_modelstore._parser import metrics_from

        options = vars(save_parser().parse_args(split_line(line)))
        words: list[Word] = options.pop("words")
        path, force, dialog, wait = (options.pop(name) for name in ("file", "force", "dialog", "wait"))
        namespace = {**self.shell.user_ns, **(local_ns or {})}
        about = {name: value for name, value in options.items() if value is not None}
        about["metrics"] = metrics_from(about.pop("metrics", None), lambda text: _metric(text, namespace))
        if dialog or (path is None and is_live(self.shell) and _lacks_name(words)):
            self._dialog(words, namespace, path, {**about, "force": force})
            return
        about["wait"] = wait or not is_live(self.shell)  # a script may end before its models have arrived
        captured = None
        with ProgressLine() as progress, self.arrivals.awaiting(str(words[-1]) if wait and words else ""):
            if path is not None:
                saved = self.store.save_file(path, _only_name(words), progress=progress, **about)
            else:
                variable, name = self._variable_and_name(words, namespace)
                model = _resolve(variable, namespace)
                captured = self.watching.captured(variable, model)
                more = {"variable": variable, "captured": captured, "force": force, "progress": progress}
                saved = self.store.keep(model, name, **more, **about)
                self.watching.kept(model)
        pending = saved.record.status == "pending"
        if pending and is_live(self.shell):
            self.arrivals.follow(saved, captured)
        else:
            show(card.saved_card(saved, self.store.where, captured))
            if pending:
                self.arrivals.leave()
        self._changed("save")

    def _dialog(self, words: list[Word], namespace: Mapping[str, Any], path: str | None, said: dict[str, Any]) -> None:
        """Open the form that saves a model, filled in with what the line says."""
        if path is not None:
            raise UsageError("A file is kept without a form.", '%save_model --file model.joblib "name"')
        if _lacks_name(words):
            variable, name = str(words[0]) if words else self._last_fitted(namespace, "name"), ""
        else:
            variable, name = self._variable_and_name(words, namespace)
        model = _resolve(variable, namespace)
        if not is_live(self.shell):
            raise UsageError("A form needs a notebook that somebody sits at.", f'Without it: %save_model {variable} "name"')
        from jupyter_modelstore.widgets import SaveDialog

        self._show(SaveDialog(model, variable, store=self.store, settings=self.settings, said={**said, "name": name}))

    def _variable_and_name(self, words: list[Word], namespace: Mapping[str, Any]) -> tuple[str, str]:
        """Tell what is to be saved under which name; a quoted word alone is the name of the model fitted last."""
        if len(words) > 2:  # noqa: PLR2004 (a variable and a name)
            named = f"%save_model {words[0]} {as_word(' '.join(words[1:]))}"
            raise UsageError(
                f"There are {len(words)} words, a variable and a name are expected.",
                "Put several words in quotes: " + ('-d "two words"' if any(word.quoted for word in words) else named),
            )
        if len(words) == 2:  # noqa: PLR2004
            if words[0].quoted and not words[1].quoted:
                raise UsageError("The variable comes first, then the name.", f'%save_model {words[1]} "{words[0]}"')
            return str(words[0]), str(words[1])
        if words and words[0].quoted:
            return self._last_fitted(namespace, words[0]), str(words[0])
        variable = str(words[0]) if words else self._last_fitted(namespace, "name")
        _resolve(variable, namespace)
        raise UsageError(f"What shall {variable} be called?", f'%save_model {variable} "name"')

    def _last_fitted(self, namespace: Mapping[str, Any], name: str) -> str:
        from jupyter_modelstore import capture

        found = [candidate.name for candidate in capture.candidates(namespace)]
        if not found:
            raise NotFound(
                "There is no fitted model in this notebook.", 'Fit one first: clf.fit(X, y); then %save_model clf "name"'
            )
        cells = self._cells()
        last = capture.last_fitted(cells, found)
        if not last and len(found) == 1 and not _was_loaded(found[0], cells):
            last = found
        if len(last) == 1:
            return last[0]
        lines = "\n".join(f'%save_model {variable} "{visible(name)}"' for variable in (last or found)[:10])
        if len(found) == 1:
            raise Ambiguous(f"{visible(found[0])} was loaded, not fitted here. To keep it all the same:", lines)
        raise Ambiguous(f"Which of the {len(last or found)} fitted models is meant? Type one of these lines:", lines)

    def _cells(self) -> list[str]:
        manager = self.shell.history_manager
        return [] if manager is None else list(manager.input_hist_raw)[:-1]

    # ---- load --------------------------------------------------------------------------------------------------------

    def load_model(self, line: str) -> Any:  # noqa: ANN401 (any model)
        """Return a model; one line says which it is."""
        from jupyter_modelstore.verbs import VERBS

        verb = VERBS["load"]
        options = vars(_parser(verb, "%load_model").parse_args(split_line(line)))
        self._settle("load", options)
        with ProgressLine() as progress:
            loaded = verb.call(self.store, progress=progress, **options)
        show(verb.show(self.store, loaded))
        return loaded.model

    # ---- the rest ----------------------------------------------------------------------------------------------------

    def modelstore(self, line: str) -> None:
        """Run ``status``, ``doctor``, ``autoload``, ``config`` and what else belongs to the store as a whole."""
        from jupyter_modelstore.verbs import VERBS

        command, _, rest = line.strip().partition(" ")  # not split further: a setting may be a list, written with spaces
        command = command if command and not command.startswith("#") else "status"
        if command not in SUBCOMMANDS:
            raise UsageError(f"There is no %modelstore {visible(command)}.", f"There are: {', '.join(SUBCOMMANDS)}")
        if rest.strip() in _ASKS_FOR_HELP:
            show(_text(_help_of_command(command)))
            return
        if command == "autoload":
            self._autoload(split_line(rest))
        elif command == "offer":
            self._offer(split_line(rest))
        elif command == "config":
            self._config(rest)
        elif command in ("login", "logout"):
            self._sign(command, rest)
        elif command == "push":
            self._push(rest)
        else:
            self.run_verb(VERBS[command], rest, f"%modelstore {command}")

    def _autoload(self, words: list[Word]) -> None:
        """Write, or remove, a file among IPython's startup files that loads this extension."""
        from pathlib import Path

        from jupyter_modelstore import card
        from jupyter_modelstore._files import file_errors, write_atomic

        path = Path(self.shell.profile_dir.startup_dir) / _STARTUP_FILE
        choice = str(words[0]) if len(words) == 1 else ""
        if choice not in {"on", "off", ""} or len(words) > 1:
            raise UsageError("Autoload is on or off.", "%modelstore autoload on")
        with file_errors(f"at {path}"):
            if choice == "on":
                path.parent.mkdir(parents=True, exist_ok=True)
                write_atomic(path, _STARTUP.encode())
            elif choice == "off":
                path.unlink(missing_ok=True)
            state = "on: every new kernel has the magics" if path.exists() else "off: type %load_ext jupyter_modelstore"
        show(card.lines_card(f"Autoload is {state}", [("file", str(path))] if path.exists() else []))

    def _offer(self, words: list[Word]) -> None:
        """Say, or choose for all kernels to come, what follows a cell that trained a model."""
        from jupyter_modelstore import card
        from jupyter_modelstore.config import OFFERS, remember_offer

        choice = str(words[0]) if words else self.settings.offer
        if len(words) > 1 or choice not in OFFERS:
            raise UsageError(f"An offer is one of {', '.join(OFFERS)}.", "%modelstore offer line")
        if words:
            remember_offer(self.settings.home, choice)
            self.settings.offer = choice
        says = {
            "line": "one line under the cell",
            "dialog": "the form, open, under the cell",
            "off": "nothing; %save_model keeps a model all the same",
        }
        show(card.lines_card("After a cell that trained a model", [(choice, says[choice])]))

    def _sign(self, command: str, line: str) -> None:
        """Sign in to the project, or out of it; what is secret is asked for, and never shown."""
        from jupyter_modelstore import _sign_in

        options = vars(_sign_in.parser(command, f"%modelstore {command}").parse_args(split_line(line)))
        project = self.settings.project()
        show(_sign_in.RUN[command](project, _ask_unseen, **options))
        self._forget_store(None)
        self._changed("save")  # open galleries show somebody else's models, or nobody's
        if command == "login" and (left := _sign_in.left_at_first(project)):
            with contextlib.suppress(NotConfirmed):
                self._confirm(f"On this machine, {left} Copy them?", "%modelstore push")
                self._push("")

    def _push(self, line: str) -> None:
        """Copy models of this machine to the project."""
        from jupyter_modelstore import card, transfer
        from jupyter_modelstore.config import connect

        options = vars(_push_parser().parse_args(split_line(line)))
        self.settings.project()  # refuses where there is none
        here = connect("local:", home=self.settings.home)
        with ProgressLine() as progress:
            try:
                done = transfer.push(here, self.store, options["names"], dry_run=options["dry_run"], progress=progress)
            finally:
                self.arrivals.begin()  # what was begun and has not arrived
        show(card.pushed_card(done, self.store.where, dry_run=options["dry_run"]))
        self._changed("save")

    def _config(self, line: str) -> None:
        """Show the settings, or change one for this session."""
        from traitlets import Bool, Container, Dict, Enum, TraitError, Unicode

        from jupyter_modelstore import card

        traits = self.settings.traits(config=True)
        whole = isinstance(traits.get(line.partition("=")[0].strip()), (Container, Dict))  # a list is written with spaces
        changed = []
        for word in [line.strip()] if whole else split_line(line):
            name, equals, text = word.partition("=")
            if not equals or name not in traits:
                raise InvalidValue(
                    f"'{visible(word)}' is no setting.", f"Write NAME=VALUE; the names are {', '.join(sorted(traits))}."
                )
            try:
                setattr(self.settings, name, text if isinstance(traits[name], (Enum, Unicode)) else _literal(text))
            except TraitError as error:
                said = "True or False. " if isinstance(traits[name], Bool) else ""
                raise InvalidValue(f"{name} cannot be {visible(text)}.", f"{said}{name}: {traits[name].help}") from error
            changed.append(name)
        rows = [
            (name, f"{_value_of(self.settings, name)} · {trait.help}")
            for name, trait in sorted(traits.items())
            if name in (changed or traits)
        ]
        keep = "To keep a setting, write c.ModelStore.NAME = VALUE into ipython_config.py."
        show(card.lines_card("Settings of this session", [*rows, keep]))


def _value_of(settings: ModelStore, name: str) -> str:
    """Return a setting's value for people; of the key only whether there is one: an output is shared sooner than it seems."""
    value = getattr(settings, name)
    variable = {"key": "SUPABASE_KEY", "space": "MODELSTORE_SPACE"}.get(name, "")
    given = os.environ.get(variable, "").strip() if variable and not value else ""
    if name == "key":
        return "set" if value else f"set by {variable}" if given else "not set"
    return f"{given!r}, set by {variable}" if given else repr(value)


def _ask_unseen(question: str) -> str:
    """Ask for something secret; the answer is neither shown nor kept in the notebook."""
    from getpass import getpass

    from jupyter_modelstore.protocols import Secret

    try:
        return Secret(getpass(question))
    except (EOFError, OSError, NotImplementedError) as error:  # nbconvert, papermill, a script
        raise NotConfirmed(
            f"{question.rstrip(': ')}: nobody can be asked here.",
            "For jobs, set MODELSTORE_EMAIL and MODELSTORE_PASSWORD_FILE, or MODELSTORE_ACCESS_TOKEN_FILE.",
        ) from error


def show(shown: Shown) -> None:
    """Display an answer, also from inside a function or a loop."""
    display(shown)


def display(thing: object) -> None:
    """Display an answer or a widget."""
    from IPython.display import display as display_in_cell

    display_in_cell(thing)


def save_parser() -> Parser:
    """Return the parser of ``%save_model``."""
    from jupyter_modelstore._parser import Parser
    from jupyter_modelstore.verbs import ABOUT

    parser = Parser(
        prog="%save_model",
        usage='%%save_model [VARIABLE] ["NAME"] [-d TEXT] [-t TAG]… [-m NAME=VALUE]… [-a ALIAS] [--dialog]'
        "\n                   [--file PATH] [--wait] [--force]",
        description="Keep a fitted model under a name. VARIABLE is a name, attribute or subscript, such as\n"
        "search.best_estimator_ or models['rf']; without one, the model fitted last is kept. A name that\n"
        "exists gets its next version. In -m, VALUE is a number or a variable. Without a name, a form opens\n"
        "in a notebook; nothing is kept before you press its button.",
        add_help=False,
    )
    parser.add_argument("words", nargs="*", metavar="VARIABLE NAME", help="what to keep, and what to call it")
    for argument in ABOUT:
        argument.add_to(parser)
    parser.add_argument("--dialog", action="store_true", help="open a form, filled in with what the line says")
    parser.add_argument("--file", metavar="PATH", help="keep this pickle or joblib file as it is; it is not unpickled")
    parser.add_argument("--wait", action="store_true", help="wait until it has arrived in the project")
    parser.add_argument("--force", action="store_true", help="keep it even if it is not fitted, or no model")
    return parser


def _parser(verb: Verb, prog: str) -> Parser:
    from jupyter_modelstore._parser import Parser

    parser = Parser(prog=prog, description=_OWN_HELP.get(prog, verb.help), add_help=False)
    for argument in verb.arguments:
        argument.add_to(parser)
    if verb.question is not None:
        parser.add_argument("--yes", action="store_true", help="do not ask")
    if prog in _SHOWN_BY_WIDGETS:
        what = _SHOWN_BY_WIDGETS[prog]
        parser.add_argument("--table", action="store_true", help=f"write {what} into the notebook, in place of a widget")
    return parser


def _push_parser() -> Parser:
    from jupyter_modelstore._parser import Parser

    parser = Parser(prog="%modelstore push", description=_OWN_HELP["push"], add_help=False)
    parser.add_argument("names", nargs="*", metavar="NAME", help="which models; none: all that are not there yet")
    parser.add_argument("--dry-run", action="store_true", help="only tell what would be copied")
    return parser


def _lacks_name(words: list[Word]) -> bool:
    """Tell whether a line says nothing, or a variable alone: a quoted word alone is a name."""
    return not words or (len(words) == 1 and not words[0].quoted)


def _chosen(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a line asks a gallery for; how much is shown at once is the gallery's business."""
    return {
        name: _bare(value)
        for name, value in options.items()
        if value not in (None, False, []) and name not in {"limit", "offset"}
    }


def _bare(value: object) -> object:
    """Return a value without what only a line knows of it: whether a word stood in quotes."""
    if isinstance(value, (list, tuple)):
        return [_bare(one) for one in value]
    return str(value) if isinstance(value, str) else value


def _only_name(words: list[Word]) -> str:
    if len(words) != 1:
        raise UsageError("A file needs one name, and no variable.", '%save_model --file model.joblib "name"')
    return str(words[0])


def _resolve(expression: str, namespace: Mapping[str, Any]) -> Any:  # noqa: ANN401 (any value of the notebook)
    from jupyter_modelstore import capture

    return capture.resolve(expression, namespace)


def _metric(text: str, namespace: Mapping[str, Any]) -> Any:  # noqa: ANN401 (any value of the notebook)
    """Return the variable that stands for a metric's value."""
    try:
        return _resolve(text, namespace)
    except UsageError as error:
        raise InvalidValue(
            f"'{visible(text)}' is not a number or a variable.", "Write -m NAME=VALUE, VALUE a number or a variable."
        ) from error


def _was_loaded(variable: str, cells: list[str]) -> bool:
    """Tell whether a cell assigned a model of the store to the variable."""
    loaded = re.compile(rf"(?m)^\s*{re.escape(variable)}\s*=\s*%load_model\b")
    return any(loaded.search(cell) for cell in cells)


def _literal(text: str) -> Any:  # noqa: ANN401 (any literal)
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


# ---- registering -----------------------------------------------------------------------------------------------------


class _Magic:
    """One magic, as IPython calls it. Its help is made by the parser when it is asked for, since that needs the verbs."""

    needs_local_scope = True  # IPython's way to ask for a function's variables

    def __init__(self, magics: Magics, name: str) -> None:
        self._magics = magics
        self.__name__ = self.__qualname__ = name

    def __call__(self, line: str, local_ns: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 (a model, or None)
        name = self.__name__
        if line.strip() in _ASKS_FOR_HELP:
            show(_text(help_of(name)))
            return None
        if name == "save_model":
            return self._magics.save_model(line, local_ns)
        if name == "load_model":
            return self._magics.load_model(line)
        if name == "modelstore":
            return self._magics.modelstore(line)
        if name == "model_card":
            return self._magics.model_card(line)
        if name == "models":
            return self._magics.models(line)
        if name == "compare_models":
            return self._magics.compare_models(line)
        from jupyter_modelstore.verbs import VERBS

        self._magics.run_verb(VERBS[VERB_OF_MAGIC[name]], line, f"%{name}")
        return None

    @property
    def __doc__(self) -> str:  # type: ignore[override]  # a text, made late
        return help_of(self.__name__)


def help_of(magic: str) -> str:
    """Return the help of a magic: the parser's, then lines to copy."""
    from jupyter_modelstore.verbs import VERBS

    if magic == "save_model":
        text = save_parser().format_help()
    elif magic == "modelstore":
        commands = "\n".join(f"  {name:12} {_summary(name)}" for name in SUBCOMMANDS)
        text = f"usage: %modelstore COMMAND …\n\nLook after the store as a whole.\n\ncommands:\n{commands}\n"
    else:
        verb = VERBS["load" if magic == "load_model" else VERB_OF_MAGIC[magic]]
        text = _parser(verb, f"%{magic}").format_help()
    lines = "\n".join(f"  {line}" for line in _EXAMPLES[magic])
    return f"{text}\nexamples:\n{lines}\n"


def _summary(command: str) -> str:
    from jupyter_modelstore.verbs import VERBS

    return _OWN_HELP[command] if command in _OWN_HELP else VERBS[command].help


def _help_of_command(command: str) -> str:
    from jupyter_modelstore.verbs import VERBS

    if command in VERBS:
        return _parser(VERBS[command], f"%modelstore {command}").format_help()
    if command == "push":
        return _push_parser().format_help()
    if command in ("login", "logout"):
        from jupyter_modelstore import _sign_in

        return _sign_in.parser(command, f"%modelstore {command}").format_help()
    return f"usage: %modelstore {command} {_OWN_USAGE[command]}\n\n{_OWN_HELP[command]}\n"


def _text(text: str) -> Shown:
    from jupyter_modelstore.card import Shown

    return Shown(text)


_SHOWN_BY_WIDGETS = {"%models": "the models", "%compare_models": "the comparison"}
_ASKS_FOR_HELP = ("-h", "--help")
_OWN_HELP = {
    "%load_model": "Load a model: best = %load_model churn",
    "%model_card": "Show all that is known of a saved model; of a variable, which saved model it is, or was.",
    "autoload": "Load this extension in every new kernel (on), or no longer (off).",
    "config": "Show the settings, or change one for this session.",
    "login": "Sign in to the Supabase project: with a password, or a one-time code that is sent.",
    "logout": "Sign out of the Supabase project.",
    "push": "Copy models of this machine to the project; nothing goes twice.",
    "offer": "Choose what follows a cell that trained a model: a line, the form, or nothing.",
}
_OWN_USAGE = {"autoload": "[on | off]", "config": "[NAME=VALUE …]", "offer": "[line | dialog | off]"}
_EXAMPLES = {
    "save_model": (
        '%save_model clf "churn"',
        '%save_model search.best_estimator_ "churn" -t telecom -m roc_auc=0.93 -m f1=f1 -d "with calls" -a champion',
        '%save_model "churn"                             (the model fitted last)',
        "%save_model clf --dialog",
        '%save_model --file model.joblib "old churn"',
    ),
    "load_model": (
        "best = %load_model churn",
        "old = %load_model churn:3",
        "best = %load_model churn@champion",
        "best = %load_model churn@champion --at 2026-03-15",
    ),
    "models": (
        "%models",
        "%models telecom -m 'roc_auc>=0.8' --sort=-metrics.roc_auc",
        "%models --all",
        "%models --trash",
        "%models --table",
    ),
    "download_model": ("%download_model churn", "%download_model churn@champion exports/best.pkl"),
    "edit_model": ('%edit_model churn:3 -d "trained without 2024" -t audited --untag draft -m roc_auc=0.91',),
    "alias_model": (
        '%alias_model churn:3 champion --why "better on new customers"',
        "%alias_model churn champion --rollback",
        "%alias_model churn champion --remove",
        "%alias_model churn --history",
    ),
    "delete_model": ("%delete_model churn:3", "%delete_model churn", "%delete_model churn:3 --now"),
    "restore_model": ("%restore_model churn:3", "%restore_model churn"),
    "compare_models": (
        "%compare_models churn:1 churn:2",
        "%compare_models churn@champion rival",
        "%compare_models churn:1 churn:2 --table",
    ),
    "model_stats": ("%model_stats",),
    "model_card": (
        "%model_card churn",
        "%model_card churn@champion --at 2026-03-15",
        "%model_card clf            (a variable)",
    ),
    "modelstore": (
        "%modelstore status",
        "%modelstore autoload on",
        "%modelstore offer off",
        "%modelstore prune churn --keep 3 --dry-run",
        '%modelstore rename churn "customer churn"',
        "%modelstore doctor --full",
        "%modelstore prune --help",
    ),
}


def load(shell: InteractiveShell) -> None:
    """Register the magics, their completion and their settings; what was registered before is replaced."""
    from jupyter_modelstore._completion import hook

    unload(shell)
    magics = Magics(shell)
    for name in MAGICS:
        shell.register_magic_function(_Magic(magics, name), "line", name)
    shell.configurables.append(magics.settings)  # for %config ModelStore
    magics.watching.begin()
    magics.outputs.begin()
    magics.offers.begin()
    hook(shell, magics)
    if is_live(shell):
        threading.Thread(target=_prepare, name="modelstore-prepare", daemon=True).start()


def _prepare() -> None:
    """Import what widgets need, while nobody waits: it is a quarter of the time to the first card of the first gallery."""
    with contextlib.suppress(Exception):  # whoever opens one is told
        importlib.import_module("jupyter_modelstore.widgets")


def unload(shell: InteractiveShell) -> None:
    """Take the magics away; saved models are not touched."""
    from jupyter_modelstore import _outputs, _watching, offer
    from jupyter_modelstore._completion import unhook
    from jupyter_modelstore.config import ModelStore

    for name in MAGICS:
        shell.magics_manager.magics["line"].pop(name, None)
    offer.end(shell)
    _outputs.end(shell)
    _watching.end(shell)
    shell.configurables[:] = [known for known in shell.configurables if not isinstance(known, ModelStore)]
    unhook(shell)
