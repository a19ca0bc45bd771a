"""`orch completion`, and what a shell that uses it is offered."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.invoked_command import InvokedOrch, offered
from tests.support.required import need


@pytest.fixture
def orch(tmp_path: Path) -> InvokedOrch:
    """The command, on a home of its own."""
    return InvokedOrch(tmp_path)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script_that_it_can_read(orch: InvokedOrch, shell: str, tmp_path: Path) -> None:
    done = orch("completion", shell)

    assert done.code == 0
    assert "_ORCH_COMPLETE" in done.out
    need(shell, there=shutil.which(shell) is not None, without=f"apt-get install {shell}")
    script = tmp_path / "script"
    script.write_text(done.out)
    subprocess.run([shell, "-n", str(script)], check=True)


def test_the_shell_in_use_is_the_default(orch: InvokedOrch) -> None:
    assert orch("completion", SHELL="/usr/bin/zsh").out == orch("completion", "zsh").out


def test_an_unknown_shell_is_told(orch: InvokedOrch) -> None:
    done = orch("completion", SHELL="/bin/dash")

    assert done.code == 2
    assert "$SHELL is 'dash'" in done.errors


def test_commands_and_their_options_are_offered(tmp_path: Path) -> None:
    assert offered("orch work-", tmp_path) == ["work-pool", "work-queue"]
    assert offered("orch work-pool pa", tmp_path) == ["pause"]
    assert offered("orch schedule create x --cat", tmp_path) == ["--catch-up", "--catch-up-window"]
    assert offered("orch schedule create x --overlap c", tmp_path) == ["cancel-old"]


def test_profiles_and_settings_are_offered(orch: InvokedOrch, tmp_path: Path) -> None:
    orch("profile", "create", "staging")
    orch("profile", "create", "production")

    assert offered("orch profile use st", tmp_path) == ["staging"]
    assert offered("orch config set api_", tmp_path) == ["api_url=", "api_key=", "api_key_file="]
    assert offered("orch config unset ORCH_TLS_CA", tmp_path) == ["tls_ca_file"]


def test_without_a_control_plane_there_is_nothing_to_offer(tmp_path: Path) -> None:
    assert offered("orch work-pool inspect d", tmp_path) == []
    assert offered("orch work-pool inspect d", tmp_path, ORCH_API_URL="http://127.0.0.1:9") == []
