"""Classes of a script are the script's own when a later process of it reads them back."""

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys
from dataclasses import dataclass
from pathlib import Path
from orch.results import decode, encode

@dataclass
class Order:
    number: int

class Plain:
    def __init__(self, order): self.order = order
    def number(self): return self.order.number

def write():
    for name, value in (("order", Order(1)), ("plain", Plain(Order(2)))):
        data, media_type = encode(value)
        Path(name).write_bytes(media_type.encode() + b"\\n" + data)

def read(name):
    media_type, _, data = Path(name).read_bytes().partition(b"\\n")
    return decode(data, media_type.decode())

if __name__ == "__main__":
    if sys.argv[1] == "write":
        write()
    else:
        order, plain = read("order"), read("plain")
        print(isinstance(order, Order), isinstance(plain, Plain), isinstance(plain.order, Order), plain.number())
"""

STRANGER = """
from pathlib import Path
from orch.errors import ResultSerializationError
from orch.results import decode

media_type, _, data = Path("plain").read_bytes().partition(b"\\n")
print(decode(data, media_type.decode()).number())
media_type, _, data = Path("order").read_bytes().partition(b"\\n")
try:
    decode(data, media_type.decode())
except ResultSerializationError as error:
    print(error)
"""


def run(directory: Path, *arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=directory, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_later_process_of_the_script_reads_its_own_classes(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)

    run(tmp_path, "script.py", "write")

    assert run(tmp_path, "script.py", "read").strip() == "True True True 2"


def test_another_program_reads_pickles_and_says_what_it_lacks_for_json(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    run(tmp_path, "script.py", "write")

    printed = run(tmp_path, "-c", STRANGER)

    assert printed.splitlines()[0] == "2"
    assert "the class __main__:Order, which does not exist here" in printed
