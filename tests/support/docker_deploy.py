"""The image that users build, by deploy/docker/Dockerfile, built here without a network: on the tests' base, from the
project's wheel and a folder of wheels of everything that it needs."""

import hashlib
import os
import shutil
import subprocess
import tempfile
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from email.parser import BytesParser
from pathlib import Path

from tests.support.docker_engine import DockerError, Engine, command_environment
from tests.support.docker_image import ROOT, base_image, build_wheel, download, python_of

_BUILD_SECONDS = 400


@contextmanager
def deployed_image(engine: Engine, place: Path) -> Iterator[str]:
    """Its name, as long as the block lasts. `place` is an empty folder."""
    base = base_image(engine)
    version, _ = python_of(engine, base)
    context = place / "context"
    shutil.copytree(ROOT / "deploy", context / "deploy")
    shutil.copy(ROOT / ".dockerignore", context)
    (context / "dist").mkdir()
    (context / "dist" / "orch-0.tar.gz").write_bytes(b"an sdist, which is no part of an image")
    for wheel in _wheelhouse(build_wheel(context / "dist", screen=True), version).glob("*.whl"):
        shutil.copy(wheel, context / "dist")
    tag = f"orch-test-deployed:{uuid.uuid4().hex[:12]}"
    # Named, so that it can be removed: the engine keeps what comes before a copy between stages.
    stage = f"{tag}-build"
    try:
        _build(engine, context, "--tag", stage, "--target", "build", base=base)
        _build(engine, context, "--tag", tag, base=base)
        yield tag
    finally:
        engine.try_call("image", "rm", "--force", tag, stage)


def _build(engine: Engine, context: Path, *options: str, base: str) -> None:
    """In the folder of the repository, as the documentation says it; but without a network."""
    arguments = [f"--build-arg={each}" for each in (f"PYTHON_IMAGE={base}", "PIP_NO_INDEX=1", "PACKAGES=")]
    command = ["docker", "build", "-f", "deploy/docker/Dockerfile", "--force-rm", "--network=none", *arguments]
    done = subprocess.run(
        [*command, *options, "."],
        cwd=context,
        env=command_environment(engine.host),
        capture_output=True,
        text=True,
        check=False,
        timeout=_BUILD_SECONDS,
    )
    if done.returncode != 0:
        raise DockerError(f"{' '.join(command)}: {done.stdout[-3000:]}{done.stderr[-3000:]}")


def _wheelhouse(wheel: Path, python: str) -> Path:
    """Wheels of all that this one depends on, extras included: fetched once for each such set."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        facts = BytesParser().parsebytes(archive.read(name))
    needed = [str(each) for each in facts.get_all("Requires-Dist", [])]
    key = hashlib.sha256("\0".join([python, *needed]).encode()).hexdigest()[:12]
    place = Path(tempfile.gettempdir()) / f"orch-docker-wheels-{os.getuid()}" / key
    if not place.exists():
        place.parent.mkdir(mode=0o700, exist_ok=True)
        extras = ",".join(str(each) for each in facts.get_all("Provides-Extra", []))
        with tempfile.TemporaryDirectory(dir=place.parent) as folder:
            download(Path(folder), [f"{wheel}[{extras}]"], python, "download", "--dest", "wheels")
            (Path(folder) / "wheels" / wheel.name).unlink()
            (Path(folder) / "wheels").rename(place)
    return place
