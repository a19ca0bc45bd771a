"""`orch`, `orch server start`, `orch server migrate` and `python -m orch_server`."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner, Result

from orch_cli.main import orch
from orch_server.errors import StartupError
from orch_server.options import OPTIONS
from orch_server.settings import Settings


class FakeApp(ModuleType):
    """Stands in for orch_server.app: notes the settings, and fails where it should."""

    def __init__(self, failure: Exception | None) -> None:
        super().__init__("orch_server.app")
        self.failure = failure
        self.settings: Settings | None = None
        self.dry_run: bool | None = None

    def main(self, settings: Settings) -> int:
        self.settings = settings
        if self.failure:
            raise self.failure
        return 7

    def migrate(self, settings: Settings, *, dry_run: bool) -> list[str]:
        self.settings, self.dry_run = settings, dry_run
        return ["0001 tables", "0002 leases"]


def install(monkeypatch: pytest.MonkeyPatch, failure: Exception | None = None) -> FakeApp:
    app = FakeApp(failure)
    monkeypatch.setitem(sys.modules, "orch_server.app", app)
    return app


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> FakeApp:
    return install(monkeypatch)


def run(*arguments: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(orch, arguments, env=env)


def test_start_hands_the_settings_over_and_exits_as_the_server_does(app: FakeApp) -> None:
    result = run("server", "start", "--port", "0", "--insecure", "--host", "::", env={"ORCH_LOG_LEVEL": "debug"})

    assert result.exit_code == 7
    assert app.settings is not None
    assert app.settings.endpoint.address() == "[::]:0"
    assert app.settings.logs.level == "debug"


def test_wrong_settings_are_one_paragraph_and_code_2(app: FakeApp) -> None:
    result = run("server", "start", "--port", "http")

    assert result.exit_code == 2
    assert result.stderr == "orch: --port: 'http' is not a whole number from 0 to 65535.\n"
    assert app.settings is None


def test_a_start_that_fails_is_one_paragraph_and_code_2(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, StartupError("Port 4201 is in use."))

    result = run("server", "start")

    assert (result.exit_code, result.stderr) == (2, "orch: Port 4201 is in use.\n")


def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, ZeroDivisionError("bug"))

    assert isinstance(run("server", "start").exception, ZeroDivisionError)


def test_migrate_prints_what_it_does_and_minds_only_the_database(app: FakeApp, tmp_path: Path) -> None:
    result = run("server", "migrate", "--dry-run", "--home", str(tmp_path), env={"ORCH_LISTEN_HOST": "0.0.0.0"})

    assert result.stdout == "0001 tables\n0002 leases\n"
    assert app.dry_run is True
    assert app.settings is not None
    assert app.settings.home == tmp_path


def test_help_names_every_option_with_its_variable_and_default() -> None:
    text = " ".join(run("server", "start", "--help").output.split())

    for option in OPTIONS:
        assert option.switch in text
        assert f"[{option.variable}]" in text


def test_the_module_is_the_same_command() -> None:
    command = run("server", "start", "--help").output
    module = subprocess.run([sys.executable, "-m", "orch_server", "--help"], capture_output=True, text=True, check=True)

    assert module.stdout.split()[5:] == command.split()[5:]


def test_help_of_all_loads_no_command() -> None:
    program = (
        "import sys; from orch_cli.main import orch; orch(['--help'], standalone_mode=False);"
        "print([m for m in sys.modules if m.startswith(('orch_server', 'grpc', 'sqlalchemy'))])"
    )

    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "Start and migrate the control plane." in result.stdout
    assert result.stdout.endswith("[]\n")


def test_help_of_start_loads_neither_grpc_nor_a_database() -> None:
    program = (
        "import sys; from orch_cli.main import orch; orch(['server', 'start', '--help'], standalone_mode=False);"
        "print([m for m in sys.modules if m.split('.')[0] in {'grpc', 'sqlalchemy', 'google', 'opentelemetry'}])"
    )

    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert result.stdout.endswith("[]\n")


def test_version_says_which_orch_and_python() -> None:
    output = run("version").output

    assert output.startswith("orch ")
    assert f"Python {sys.version_info.major}.{sys.version_info.minor}" in output


def test_an_unknown_command_is_refused() -> None:
    assert run("nothing").exit_code == 2
