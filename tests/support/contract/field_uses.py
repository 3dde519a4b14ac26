"""Finds in sources which fields of protobuf messages they read and write.

The types of expressions are inferred from annotations, constructors and the contract's own descriptors, so that a field
`name` of one message does not pass for that of another. What cannot be inferred counts as no use: code that names its
messages' fields is found, code that sets them by computed names is not.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import portero.v1
from google.protobuf.descriptor import Descriptor, FieldDescriptor, ServiceDescriptor


class Field(NamedTuple):
    """A field of a message, by names."""

    message: str
    field: str


class _Type(NamedTuple):
    """What an expression holds: a message, many of them, or the name of the one that is set of a oneof's."""

    message: str
    shape: str = "one"


_Types = frozenset[_Type]
_UNKNOWN: _Types = frozenset()
_MANY = ("Iterable", "Iterator", "AsyncIterator", "Sequence", "list", "tuple", "Collection")


def contract() -> tuple[dict[str, Descriptor], list[ServiceDescriptor]]:
    """Returns the messages by name, without those that stand for the entries of a map, and the services."""
    messages: dict[str, Descriptor] = {}
    services: list[ServiceDescriptor] = []
    for module in pkgutil.iter_modules(portero.v1.__path__):
        if not module.name.endswith("_pb2"):
            continue
        file = importlib.import_module(f"portero.v1.{module.name}").DESCRIPTOR
        waiting = list(file.message_types_by_name.values())
        while waiting:
            message = waiting.pop()
            waiting += message.nested_types
            if not message.GetOptions().map_entry:
                assert message.name not in messages, f"two messages are called {message.name}"
                messages[message.name] = message
        services += file.services_by_name.values()
    return messages, services


def reachable(roots: Iterable[Descriptor], messages: dict[str, Descriptor]) -> set[str]:
    """Returns the names of the contract's messages that these contain, themselves included."""
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        message = waiting.pop()
        if message.name in found or message.name not in messages:
            continue
        found.add(message.name)
        waiting += [each.message_type for each in message.fields if each.message_type is not None]
    return found


@dataclass
class FieldUses:
    """The fields that sources use.

    Attributes:
        read: Fields whose value is taken, or whose presence is asked for.
        written: Fields that are set.
    """

    messages: dict[str, Descriptor]
    read: set[Field] = field(default_factory=set)
    written: set[Field] = field(default_factory=set)

    def scan(self, source: str) -> None:
        """Adds the uses in a module's source."""
        tree = ast.parse(source)
        module = _Module(self, tree)
        for _ in range(4):
            # Types flow from one assignment to the next, in any order: a few rounds reach all of them.
            module.infer()
        module.collect()

    def field_of(self, message: str, name: str) -> FieldDescriptor | None:
        """Returns a field's descriptor, or None if the message has no such field."""
        return self.messages[message].fields_by_name.get(name)


class _Module:
    """The names of one module and what they hold."""

    def __init__(self, uses: FieldUses, tree: ast.Module) -> None:
        self.uses = uses
        self.tree = tree
        self.modules: set[str] = set()
        self.classes: dict[str, str] = {}
        self.aliases: dict[str, _Types] = {}
        self.returns: dict[str, _Types] = {}
        self.scopes: dict[ast.AST, dict[str, _Types]] = {}
        self._import()
        self._declare()

    def _import(self) -> None:
        for node in ast.walk(self.tree):
            if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("portero.v1"):
                continue
            for alias in node.names:
                known = alias.asname or alias.name
                if alias.name.endswith("_pb2"):
                    self.modules.add(known)
                elif alias.name in self.uses.messages:
                    self.classes[known] = alias.name

    def _declare(self) -> None:
        for node in self.tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self.aliases[node.targets[0].id] = self.annotated(node.value)
        for each in ast.walk(self.tree):
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.returns is not None:
                self.returns[each.name] = self.annotated(each.returns)

    def annotated(self, node: ast.expr) -> _Types:
        """Returns the types that an annotation names."""
        if (message := self.message_class(node)) is not None:
            return frozenset({_Type(message)})
        if isinstance(node, ast.Name):
            return self.aliases.get(node.id, _UNKNOWN)
        if isinstance(node, ast.BinOp):
            return self.annotated(node.left) | self.annotated(node.right)
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in _MANY:
            inner = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) else node.slice
            return frozenset(_Type(each.message, "many") for each in self.annotated(inner))
        return _UNKNOWN

    def message_class(self, node: ast.expr) -> str | None:
        """Returns the message that an expression like `pb.Frame` names."""
        if isinstance(node, ast.Name):
            return self.classes.get(node.id)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in self.modules:
            return node.attr if node.attr in self.uses.messages else None
        return None

    # --- Which name holds what ------------------------------------------------------------------

    def _owned(self) -> Iterator[tuple[ast.AST, dict[str, _Types]]]:
        """Yields each node with the names of its outermost function or, of attributes of self, its class."""

        def walk(node: ast.AST, scope: ast.AST) -> Iterator[tuple[ast.AST, dict[str, _Types]]]:
            for child in ast.iter_child_nodes(node):
                begins = isinstance(child, ast.ClassDef) or (
                    isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
                    and not isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef)
                )
                inner = child if begins else scope
                if inner not in self.scopes:
                    # A method sees the attributes of its class under their full names, which no variable has.
                    self.scopes[inner] = {}
                if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and isinstance(scope, ast.ClassDef):
                    self.scopes[inner].update(self.scopes[scope])
                yield child, self.scopes[inner]
                yield from walk(child, inner)
                if isinstance(scope, ast.ClassDef):
                    own = {name: held for name, held in self.scopes[inner].items() if name.startswith("self.")}
                    self.scopes[scope].update(own)

        self.scopes.setdefault(self.tree, {})
        yield from walk(self.tree, self.tree)

    def infer(self) -> None:
        """Records what each parameter and assignment says of the names."""
        for node, names in self._owned():
            if isinstance(node, ast.arg) and node.annotation is not None:
                _add(names, node.arg, self.annotated(node.annotation))
            elif isinstance(node, ast.Assign):
                for target in node.targets:
                    self._bind(names, target, self.types(node.value, names))
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name | ast.Attribute):
                self._bind(names, node.target, self.annotated(node.annotation))
            elif isinstance(node, ast.NamedExpr):
                self._bind(names, node.target, self.types(node.value, names))
            elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
                self._bind_each(names, node.target, node.iter)

    def _bind(self, names: dict[str, _Types], target: ast.expr, types: _Types) -> None:
        if (name := _name(target)) is not None:
            _add(names, name, types)

    def _bind_each(self, names: dict[str, _Types], target: ast.expr, source: ast.expr) -> None:
        if isinstance(source, ast.Call) and isinstance(source.func, ast.Name) and source.func.id == "enumerate":
            target, source = (target.elts[1] if isinstance(target, ast.Tuple) else target), source.args[0]
        self._bind(names, target, _each(self.types(source, names)))

    def types(self, node: ast.expr, names: dict[str, _Types]) -> _Types:
        """Returns what an expression holds."""
        if (name := _name(node)) is not None and names.get(name):
            return names[name]
        match node:
            case ast.Await(value):
                return self.types(value, names)
            case ast.Attribute(value, attribute):
                return self._attribute(self.types(value, names), attribute)
            case ast.Subscript(value):
                return _each(self.types(value, names))
            case ast.IfExp(body=body, orelse=orelse):
                return self.types(body, names) | self.types(orelse, names)
            case ast.ListComp(elt) | ast.GeneratorExp(elt):
                return frozenset(_Type(each.message, "many") for each in self.types(elt, names))
            case ast.Call(ast.Name("anext"), [source, *_]):
                return _each(self.types(source, names))
            case ast.Call(ast.Attribute(value, "WhichOneof")):
                return frozenset(_Type(each.message, "which") for each in self.types(value, names))
            case ast.Call(function):
                if (message := self.message_class(function)) is not None:
                    return frozenset({_Type(message)})
                return self.returns.get(function.id, _UNKNOWN) if isinstance(function, ast.Name) else _UNKNOWN
        return _UNKNOWN

    def _attribute(self, owners: _Types, attribute: str) -> _Types:
        found = set()
        for owner in owners:
            held = self.uses.field_of(owner.message, attribute) if owner.shape == "one" else None
            if held is not None and held.message_type is not None and held.message_type.name in self.uses.messages:
                found.add(_Type(held.message_type.name, "many" if held.is_repeated else "one"))
        return frozenset(found)

    # --- Which fields are used ------------------------------------------------------------------

    def collect(self) -> None:
        """Adds the fields that are read and written to the uses."""
        for node, names in self._owned():
            match node:
                case ast.Call(ast.Attribute(value, "HasField"), [ast.Constant(str(name))]):
                    self._use(self.uses.read, self.types(value, names), name)
                case ast.Call(ast.Attribute(ast.Attribute() as changed)) if node.args or node.keywords:
                    # Only a method of a field's own value changes it: CopyFrom, extend, FromDatetime.
                    self._use_chain(self.uses.written, changed, names)
                case ast.Call(function, keywords=keywords) if (message := self.message_class(function)) is not None:
                    for keyword in keywords:
                        self._use(self.uses.written, frozenset({_Type(message)}), keyword.arg or "")
                case ast.Attribute(value, attribute, ast.Store()):
                    self._use(self.uses.written, self.types(value, names), attribute)
                    if isinstance(value, ast.Attribute):
                        self._use_chain(self.uses.written, value, names)
                case ast.Attribute(value, attribute, ast.Load()):
                    self._use(self.uses.read, self.types(value, names), attribute)
                case ast.Compare(left, _, [ast.Constant(str(name))]):
                    which = frozenset(_Type(each.message) for each in self.types(left, names) if each.shape == "which")
                    self._use(self.uses.read, which, name)

    def _use_chain(self, kind: set[Field], node: ast.Attribute, names: dict[str, _Types]) -> None:
        self._use(kind, self.types(node.value, names), node.attr)
        if isinstance(node.value, ast.Attribute):
            self._use_chain(kind, node.value, names)

    def _use(self, kind: set[Field], owners: _Types, name: str) -> None:
        for owner in owners:
            if owner.shape == "one" and self.uses.field_of(owner.message, name) is not None:
                kind.add(Field(owner.message, name))


def _add(names: dict[str, _Types], name: str, types: _Types) -> None:
    names[name] = names.get(name, _UNKNOWN) | types


def _name(node: ast.expr) -> str | None:
    """Returns the name under which an expression is remembered: a variable, or an attribute of self."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
        return f"self.{node.attr}"
    return None


def _each(types: _Types) -> _Types:
    return frozenset(_Type(each.message) for each in types if each.shape == "many")
