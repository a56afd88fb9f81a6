"""Running an import, and looking at what it wrote."""

from __future__ import annotations

from cli.tool import Done, Tool
from harness.simulator import READER


def imported(tool: Tool, url: str, project: str, *arguments: str, **env: str) -> Done:
    """Import a project by its address, with a token that may only read, and return what came of it with markers."""
    done = tool("import", "--into", "imported", "--url", url, "--project", project, *arguments, **env)
    return Done(done.status, *(_marked(text, url, project) for text in (done.out, done.err)))


def written(tool: Tool, url: str, project: str) -> dict[str, str]:
    """Return what the folder holds, with markers."""
    folder = tool.folder / "imported"
    return {path.name: _marked(path.read_text(), url, project) for path in sorted(folder.iterdir())}


def _marked(text: str, url: str, project: str) -> str:
    assert READER not in text
    return text.replace(url, "URL").replace(project, "PROJECT")
