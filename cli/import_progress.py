"""How far an import has come: a bar on a terminal, nothing anywhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn


class ImportProgress(Progress):
    """Two bars one after the other: reading, by bytes, and landing, by rows; use it as a context."""

    def __init__(self, console: Console) -> None:
        # drawn once already while rich makes it
        self._position: Callable[[], int] | None = None
        self._task: TaskID | None = None
        super().__init__(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )

    @contextmanager
    def reading(self, name: str, total: int | None, position: Callable[[], int]) -> Iterator[None]:
        """While a file is read; its `position` is asked for whenever the bar is drawn, so that reading costs nothing more."""
        self._task = self.add_task(f"reading {name}", total=total)
        self._position = position
        try:
            yield
        finally:
            self._position = None
            self.remove_task(self._task)
            self._task = None

    def landed(self, done: int, total: int) -> None:
        """Take note of rows and links that have landed."""
        if self._task is None:
            self._task = self.add_task("landing", total=total)
        self.update(self._task, completed=done, total=total)

    def end(self) -> None:
        """Forget the input."""
        if self._task is not None:
            self.remove_task(self._task)
            self._task = None

    def get_renderables(self) -> Iterable[RenderableType]:
        """As rich asks for it, several times a second."""
        if self._task is not None and self._position is not None:
            self.update(self._task, completed=self._position())
        return super().get_renderables()
