"""Environments: what they say of themselves, and whether a deployment to them works."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .config import Environment, Project

_FAILED = "Deployment failed"


@dataclass
class EnvironmentState:
    """What tests can turn on an environment; it does not survive a restart."""

    status: str
    failing: bool = False
    message: str = _FAILED


class Environments:
    """Deploys to, and undeploys from, every environment of a project."""

    def __init__(self, projects: tuple[Project, ...]) -> None:
        self._states = {
            (project.name, known.name): EnvironmentState(known.status)
            for project in projects
            for known in project.environments
        }

    def state(self, project: str, environment: str) -> EnvironmentState | None:
        """The state of an environment; None when there is none of that name."""
        return self._states.get((project, environment))

    def describe(self, project: Project) -> dict[str, Any]:
        """The answer of the environments call."""
        found = [self._entry(project.name, known) for known in project.environments]
        return {"success": True, "resultList": found, "resultCount": len(found)}

    def _entry(self, project: str, known: Environment) -> dict[str, str]:
        return {
            "name": known.name,
            "description": known.description,
            "type": known.type,
            "status": self._states[project, known.name].status,
            "accessUrl": known.access_url,
        }

    def deploy(self, project: Project, broken: Mapping[str, str], verb: str = "Deploy") -> list[dict[str, Any]]:
        """One result for each environment; `broken` adds environments that fail this time, with their message."""
        results = []
        for known in project.environments:
            state = self._states[project.name, known.name]
            failed = broken.get(known.name, state.message if state.failing else None)
            message = f"{verb}ed successfully" if failed is None else failed
            results.append({"environmentName": known.name, "success": failed is None, "message": message})
        return results


def report(results: list[dict[str, Any]], verb: str = "Deploy") -> dict[str, Any]:
    """The 200 answer of create, update, delete and generate."""
    good = all(result["success"] for result in results)
    message = f"{verb}ment completed {'successfully' if good else 'with errors'}"
    deployment = {"success": good, "message": message, "environmentResults": results}
    return {"success": True, "deploymentResult": deployment}
