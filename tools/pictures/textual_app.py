"""A Textual app with what such apps have: a tree, a table, inputs, a bar."""

from __future__ import annotations

from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, DataTable, Footer, Header, Input, ProgressBar, Switch, Tree


class Demo(App[None]):
    """Shows everything at once, and nothing moves."""

    TITLE = "A Textual app"
    BINDINGS: ClassVar[list[BindingType]] = [("q", "quit", "Quit"), ("s", "save", "Save")]
    CSS = """
    Tree { width: 28; border: round $primary; }
    DataTable { height: 12; border: round $secondary; }
    Input { margin: 1 0; }
    #buttons { height: 3; }
    """

    def compose(self) -> ComposeResult:
        tree: Tree[None] = Tree("workspace")
        tree.root.expand()
        for folder, files in {"src": ("main.py", "app.py"), "tests": ("test_app.py",)}.items():
            branch = tree.root.add(folder, expand=True)
            for file in files:
                branch.add_leaf(file)
        yield Header(icon="≡")
        with Horizontal():
            yield tree
            with Vertical():
                yield DataTable(zebra_stripes=True)
                yield Input("Ünïcödé → ✓", placeholder="Name")
                with Horizontal(id="buttons"):
                    yield Button("Save", variant="success")
                    yield Button("Delete", variant="error")
                    yield Switch(value=True)
                yield ProgressBar(total=100, show_eta=False)
        yield Footer()

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        table.add_columns("Name", "Lines", "Changed")
        for name, lines in (("main.py", 120), ("app.py", 342), ("test_app.py", 88)):
            table.add_row(name, str(lines), "2 days ago")
        self.query_one(ProgressBar).update(progress=62)
        self.animation_level = "none"
        self.query_one(Input).cursor_blink = False


if __name__ == "__main__":
    Demo().run()
