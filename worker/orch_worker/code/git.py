"""Fetches a commit of a git repository.

Each commit that was ever asked for has a folder of its own, fetched without its history. Commits never change, so that
one that is there needs no network; a branch or a tag costs one question for where it points.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from orch_worker.code.errors import CodeError
from orch_worker.code.git_access import Access, access_to
from orch_worker.code.git_refusals import explained, passing
from orch_worker.code.programs import Finished, run_program
from orch_worker.code.retrying import patiently
from orch_worker.code.steps import GitStep
from orch_worker.code.store import Hold, Store

NAMES_TOLD = 10
"""Of the branches that there are, where the one that is wanted is not."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """A commit's files."""

    folder: Path
    commit: str
    hold: Hold


async def check_out(
    step: GitStep, store: Store, environment: Mapping[str, str], tell: Callable[[str], None]
) -> Checkout:
    """The commit that a step wants, in a folder that all its runs share. Raises CodeError, in words."""
    repository = _Repository(step, access_to(step, environment))
    commit = step.commit or await repository.newest()

    async def make(folder: Path) -> None:
        tell(f"Fetching {step.wanted} of {step.url}.")
        await repository.fetch(commit, folder)

    hold = await store.use("commits", _name(step, commit), make)
    tell(f"The code is commit {commit} of {step.url}.")
    return Checkout(hold.entries[0], commit, hold)


def _name(step: GitStep, commit: str) -> str:
    last = re.sub(r"[^A-Za-z0-9]+", "-", step.url.rstrip("/").removesuffix(".git").rpartition("/")[2])[:40]
    which = sha256(f"{step.url}\n{commit}\n{step.submodules}".encode()).hexdigest()[:12]
    return f"{last}-{commit[:12]}-{which}"


@dataclass(frozen=True, slots=True)
class _Repository:
    step: GitStep
    access: Access

    async def newest(self) -> str:
        """The commit that the branch, the tag, or the default branch points to now."""
        step = self.step
        if step.tag:
            # An annotated tag is an object of its own; the commit is behind it.
            names = [f"refs/tags/{step.tag}^{{}}", f"refs/tags/{step.tag}"]
        else:
            names = [f"refs/heads/{step.branch}"] if step.branch else ["HEAD"]
        found = await self._pointers(*names)
        for name in names:
            if name in found:
                return found[name]
        raise CodeError(f"{step.url} has no {step.wanted}. {await self._there_is()}")

    async def _there_is(self) -> str:
        kind, prefix = ("tag", "refs/tags/") if self.step.tag else ("branch", "refs/heads/")
        names = [name.removeprefix(prefix) for name in await self._pointers(f"{prefix}*") if not name.endswith("^{}")]
        if not names:
            return f"It has no {kind} at all."
        more = f" and {len(names) - NAMES_TOLD} more" if len(names) > NAMES_TOLD else ""
        return f"There is {', '.join(names[:NAMES_TOLD])}{more}. Change the {kind} in the deployment's pull step."

    async def _pointers(self, *names: str) -> Mapping[str, str]:
        """Commits by the names that point to them."""
        finished = await self._network("ls-remote", "--quiet", "--", self.step.url, *names)
        lines = (line.split("\t", 1) for line in finished.output.splitlines() if "\t" in line)
        return {name: commit for commit, name in lines}

    async def fetch(self, commit: str, folder: Path) -> None:
        """The files of a commit, and a .git that knows it, into an empty folder."""
        await self._here(folder, "init", "--quiet", "--template=")
        await self._here(folder, "remote", "add", "origin", self.step.url)
        wish = ("fetch", "--quiet", "--no-tags", "--depth=1", "origin", commit)
        try:
            await self._network(*wish, folder=folder)
        except CodeError:
            # Old servers hand out no single commits; then all that they show must come.
            await self._network("fetch", "--quiet", "--tags", "origin", folder=folder)
        finished = await self._run("checkout", "--quiet", "--detach", commit, folder=folder)
        if not finished.well:
            raise CodeError(
                f"{self.step.url} has no commit {commit}: {finished.last_lines(*self.access.secrets)}. Was it pushed?"
            )
        if self.step.submodules:
            wish = ("submodule", "--quiet", "update", "--init", "--recursive", "--depth=1")
            await self._network(*wish, folder=folder)

    async def _network(self, *arguments: str, folder: Path | None = None) -> Finished:
        """A call of git that asks the repository: repeated where it may have been the network's bad moment."""

        async def call() -> Finished:
            return await self._run(*arguments, folder=folder)

        finished = await patiently(call, again=lambda finished: not finished.well and passing(finished.errors))
        if not finished.well:
            raise CodeError(explained(self.step, finished.last_lines(*self.access.secrets)))
        return finished

    async def _here(self, folder: Path, *arguments: str) -> None:
        finished = await self._run(*arguments, folder=folder)
        if not finished.well:
            raise CodeError(f"git {arguments[0]} failed in {folder}: {finished.last_lines(*self.access.secrets)}")

    async def _run(self, *arguments: str, folder: Path | None = None) -> Finished:
        return await run_program(
            ["git", *_QUIET, *arguments],
            environment=self.access.environment,
            timeout_seconds=self.step.timeout_seconds,
            folder=folder,
        )


# A person's hooks and background housekeeping have no place in a run's code.
_QUIET = (
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "gc.auto=0"),
    *("-c", "maintenance.auto=false"),
    *("-c", "advice.detachedHead=false"),
)
