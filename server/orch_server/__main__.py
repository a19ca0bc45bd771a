"""`python -m orch_server` is `orch server start`."""

from orch_server.command import start

if __name__ == "__main__":
    start(prog_name="python -m orch_server")
