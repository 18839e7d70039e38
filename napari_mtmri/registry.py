# SPDX-License-Identifier: BSD-3-Clause
"""Members of a kind (patterns, methods, metrics, readers), found by entry points.

Members of this and of other packages are registered in the same way, with one line under
``[project.entry-points."napari_mtmri.<kind>"]``. Their names are known without an import. A
member is imported on first use; one that cannot be imported is listed with the reason, and the
others stay available.
"""

from __future__ import annotations

import importlib
import logging
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar, cast

from napari_mtmri.errors import RequestError

log = logging.getLogger(__name__)
Member = TypeVar("Member")


class Registry(Generic[Member]):
    """All members of one kind.

    Parameters
    ----------
    kind : str
        Plural name, which is also that of the folder of our own members: ``"patterns"``.

    Examples
    --------
    >>> from napari_mtmri.registry import Registry
    >>> "random" in Registry("patterns").names()
    True
    """

    _made: ClassVar[list[Registry[Any]]] = []

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._members: dict[str, Member] = {}
        self._made.append(self)

    @classmethod
    def refresh(cls) -> None:
        """Read the entry points of all registries again, after a package was installed."""
        importlib.invalidate_caches()
        for registry in cls._made:
            registry._members.clear()
            registry.__dict__.pop("_points", None)

    @cached_property
    def _points(self) -> dict[str, EntryPoint]:
        points: dict[str, EntryPoint] = {}
        for point in sorted(
            entry_points(group=f"napari_mtmri.{self.kind}"),
            key=lambda p: not p.value.startswith("napari_mtmri."),
        ):
            if point.name in points and points[point.name].value != point.value:
                log.warning(
                    "%s %r of %s is ignored: %s already has that name",
                    self.kind, point.name, point.value, points[point.name].value,
                )  # fmt: skip
                continue
            points[point.name] = point
        return points

    def names(self) -> tuple[str, ...]:
        """Return the registered names in alphabetical order; imports nothing."""
        return tuple(sorted(self._points))

    def get(self, name: str) -> Member:
        """Return the member called ``name``, imported on first use.

        Raises
        ------
        RequestError
            If the name does not exist (the message lists those that do), or its module cannot
            be imported (the message gives the reason).
        """
        if name not in self._members:
            if name not in self._points:
                raise RequestError(self._unknown(name))
            try:
                self._members[name] = cast("Member", self._points[name].load())
            except Exception as why:
                # A module of another package may raise anything; the others must stay usable.
                raise RequestError(
                    f"{self.kind} {name!r} of {self._points[name].value} cannot be loaded "
                    f"({type(why).__name__}: {why}); install what it needs or choose another."
                ) from why
        return self._members[name]

    def broken(self) -> dict[str, str]:
        """Return the names of members that cannot be loaded, each with the reason."""
        reasons: dict[str, str] = {}
        for name in self.names():
            try:
                self.get(name)
            except RequestError as why:
                reasons[name] = str(why)
        return reasons

    def _unknown(self, name: str) -> str:
        known = ", ".join(self.names()) or "none"
        module = name.replace("-", "_")
        folder = Path(__file__).parent / self.kind
        if module.isidentifier() and (folder / f"{module}.py").is_file():
            return (
                f"{name!r} is in {self.kind}/{module}.py but is not registered; "
                "reinstall the package (pip install -e .)."
            )
        return f"{name!r} is not one of the {self.kind}; known are: {known}."
