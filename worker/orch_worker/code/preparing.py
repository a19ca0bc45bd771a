"""Does what a deployment's pull steps say."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orch_worker.code.archives import unpack
from orch_worker.code.errors import CodeError
from orch_worker.code.git import check_out
from orch_worker.code.installed import InstallOrder
from orch_worker.code.installing import file_of, install
from orch_worker.code.parsing import parse_steps
from orch_worker.code.steps import ArchiveStep, CodeStep, GitStep, LocalStep
from orch_worker.code.store import DEFAULT_LIMIT_BYTES, Hold, Store

Tell = Callable[[str], None]


def _untold(_: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Code that is ready to run."""

    folder: Path | None = None
    """The working folder. Runs of the same code share it. None: the deployment has no code of its own."""
    python: str | None = None
    """The interpreter that has the packages. None: no step installed any."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """To be added to the run's environment."""
    holds: tuple[Hold, ...] = field(default=(), repr=False)

    @property
    def entries(self) -> tuple[Path, ...]:
        """What of the store the run uses: for `hold_again`."""
        return tuple(entry for hold in self.holds for entry in hold.entries)

    def release(self) -> None:
        """The run has ended: what it used may be removed. Happens by itself when nobody knows this any more."""
        for hold in self.holds:
            hold.release()


async def prepare(
    steps_json: str,
    *,
    cache: Path,
    environment: Mapping[str, str],
    tell: Tell = _untold,
    limit_bytes: int = DEFAULT_LIMIT_BYTES,
) -> Prepared:
    """Makes ready what `LaunchSpec.pull_steps_json` asks for: from `cache` where it is there, else fetched into it.

    cache: a folder on disk; several workers may share it. What was not used for longest is removed where it has more
    than `limit_bytes`. environment: what git and pip run with, and where credentials are looked up: the worker's, with
    the run's over it. tell: told in sentences what is being done, for the run's log.

    Several may ask for the same at once: one fetches, the others wait. Cancelled, or killed, it leaves nothing that
    anybody could take for complete. Raises CodeError, in words.
    """
    steps = parse_steps(steps_json)
    store = Store(cache, limit_bytes)
    code = await _bring(steps.code, store, environment, tell) if steps.code else Prepared()
    if steps.install is None:
        return code
    file = file_of(steps.install, code.folder)
    installed = await install(InstallOrder(steps.install, file, bool(code.holds), store, environment, tell))
    return Prepared(
        folder=code.folder,
        python=installed.python,
        environment={**code.environment, **installed.environment},
        holds=(*code.holds, *installed.holds),
    )


async def _bring(step: CodeStep, store: Store, environment: Mapping[str, str], tell: Tell) -> Prepared:
    match step:
        case LocalStep():
            return Prepared(_local(step))
        case GitStep():
            checkout = await check_out(step, store, environment, tell)
            folder = _subfolder(checkout.folder, step.subfolder, step.url)
            return Prepared(folder, environment={"ORCH_CODE_COMMIT": checkout.commit}, holds=(checkout.hold,))
        case ArchiveStep():
            unpacked = await unpack(step, store, environment, tell)
            folder = _subfolder(unpacked.folder, step.subfolder, step.url)
            return Prepared(folder, environment={"ORCH_CODE_SHA256": unpacked.sha256}, holds=(unpacked.hold,))


def _local(step: LocalStep) -> Path:
    if not step.path.is_dir():
        what = "is not a folder" if step.path.exists() else "is not there"
        raise CodeError(
            f"The deployment's code is to be in {step.path}, which {what} on the worker's machine. Run a worker where "
            "the code is, or deploy with a git or archive pull step."
        )
    return step.path


def _subfolder(folder: Path, name: str, url: str) -> Path:
    inside = (folder / name).resolve()
    if not inside.is_dir():
        there = sorted(each.name for each in folder.iterdir() if each.is_dir() and each.name != ".git")
        raise CodeError(
            f"{url} has no folder {name!r}. At its top there is {', '.join(there[:10]) or 'no folder'}. Change the "
            "pull step's subfolder."
        )
    if not inside.is_relative_to(folder.resolve()):
        raise CodeError(f"The folder {name!r} of {url} is a link that leads out of the code.")
    return folder / name
