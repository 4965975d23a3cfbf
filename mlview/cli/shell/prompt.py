"""The terminal's side of the shell: history, completion, several lines, colours."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click
from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.completion import Completer, Completion
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import Condition, has_focus
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.lexers import PygmentsLexer
from pygments.lexers.sql import SqlLexer

from mlview.cli.shell.loop import META
from mlview.sql import is_complete

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from prompt_toolkit.completion import CompleteEvent
    from prompt_toolkit.document import Document
    from prompt_toolkit.key_binding import KeyPressEvent

    from mlview.cli.shell.vocabulary import Vocabulary
    from mlview.session import Database

PROMPT, CONTINUATION = "mlview> ", "   ...> "


def history_path(environ: Mapping[str, str], home: Path) -> Path:
    """Where the history is kept: in the user's state directory, outside of any database.

    >>> str(history_path({}, Path("/home/ada")))
    '/home/ada/.local/state/mlview/history'
    """
    state = environ.get("XDG_STATE_HOME")
    return (Path(state) if state else home / ".local" / "state") / "mlview" / "history"


def is_finished(text: str) -> bool:
    """Whether Enter runs the text rather than starting a new line."""
    return not text.strip() or text.lstrip().startswith(".") or is_complete(text)


class Words(Completer):
    """Offers what the vocabulary knows, and the meta commands."""

    def __init__(self, vocabulary: Callable[[], Vocabulary]) -> None:
        self._vocabulary = vocabulary

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        """The candidates at the cursor."""
        del complete_event
        before = document.text_before_cursor
        if before.startswith("."):
            for word, does in META.items():
                if word.startswith(before):
                    yield Completion(word, -len(before), display_meta=does)
            return
        for found in self._vocabulary().complete(before):
            yield Completion(found.text, -found.replaces, display_meta=found.what)


def session(vocabulary: Callable[[], Vocabulary], history: History) -> PromptSession[str]:
    """A prompt on which Enter runs a finished text and else begins a new line."""
    keys = KeyBindings()
    finished = Condition(lambda: is_finished(get_app().current_buffer.text))

    @keys.add("enter", filter=has_focus(DEFAULT_BUFFER) & finished)
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle()

    return PromptSession(
        PROMPT,
        multiline=True,
        prompt_continuation=CONTINUATION,
        history=history,
        lexer=PygmentsLexer(SqlLexer),
        completer=Words(vocabulary),
        complete_while_typing=False,
        key_bindings=keys,
    )


def typed(db: Database, vocabulary: Callable[[], Vocabulary]) -> Iterator[str]:
    """What the user types, until Ctrl-D; Ctrl-C clears the line."""
    prompt = session(vocabulary, _history(history_path(os.environ, Path.home())))
    click.echo(f"{db.path}  (.help for help)")
    while True:
        try:
            text = prompt.prompt()
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
        if text.strip():
            yield text


def _history(path: Path) -> History:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
    except OSError:
        return InMemoryHistory()
    return FileHistory(str(path))
