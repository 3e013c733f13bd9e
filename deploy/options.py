"""Options that belong together, written once: a dataclass as a parameter of a command becomes its fields' options.

Typer has no groups of options; without them every command would repeat the same six.
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, is_dataclass
from functools import wraps
from inspect import Parameter
from typing import Any, get_type_hints

Command = Callable[..., None]


def grouped(command: Command) -> Command:
    """Return a command whose dataclass parameters are replaced by an option for each of their fields."""
    hints = get_type_hints(command, include_extras=True)
    groups = {name: hint for name, hint in hints.items() if isinstance(hint, type) and is_dataclass(hint)}

    @wraps(command)
    def run(**given: Any) -> None:  # noqa: ANN401 - whatever Typer read from the command line
        for name, group in groups.items():
            given[name] = group(**{each.name: given.pop(each.name) for each in fields(group)})
        command(**given)

    own = [
        each.replace(kind=Parameter.KEYWORD_ONLY, annotation=hints[name])
        for name, each in inspect.signature(command).parameters.items()
        if name not in groups
    ]
    options = [*own, *(each for group in groups.values() for each in _options(group))]
    run.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined] # inspect reads it, functions may have it
    run.__annotations__ = {each.name: each.annotation for each in options}
    return run


def _options(group: type) -> Iterator[Parameter]:
    hints = get_type_hints(group, include_extras=True)
    for each in fields(group):
        default = Parameter.empty if each.default is MISSING else each.default
        yield Parameter(each.name, Parameter.KEYWORD_ONLY, default=default, annotation=hints[each.name])
