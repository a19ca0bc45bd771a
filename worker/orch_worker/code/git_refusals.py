"""What git says when it refuses, and what helps."""

import re

from orch_worker.code.steps import GitStep

_HINTS = (
    (
        r"could not read (Username|Password)|terminal prompts disabled|Authentication failed|returned error: 40[13]"
        r"|Permission denied \(|Invalid username or",
        "It wants a credential, or refuses the one it got: name one in the step, as "
        '"credential": "NAME" of a variable of the worker\'s environment.',
    ),
    (r"Host key verification failed", "Add the host to the worker's ~/.ssh/known_hosts: ssh-keyscan HOST."),
    (
        r"[Rr]epository .*not found|does not appear to be a git repository|returned error: 404|does not exist",
        "Check the address. Private repositories also say so to those who show no credential.",
    ),
    (r"dubious ownership", "Let the worker's user own the repository, or trust it as git says."),
    (r"No space left on device|Disk quota", "Free some space on the worker's machine."),
    (r"certificate|SSL", "The worker's machine does not trust the host's certificate: see git's http.sslCAInfo."),
    (
        r"[Cc]ould not resolve host|Failed to connect|[Cc]onnection (refused|timed out|reset)|Network is unreachable",
        "The worker's machine cannot reach the host.",
    ),
)
_PASSING = re.compile(
    r"Could not resolve host|Failed to connect|[Cc]onnection (refused|timed out|reset|closed)|early EOF"
    r"|unexpected disconnect|Operation too slow|returned error: (429|50[0234])|Network is unreachable"
    r"|remote end hung up"
)


def explained(step: GitStep, said: str) -> str:
    """Why the repository could not be read: what to do, and git's own last words."""
    hint = next((f" {hint}" for pattern, hint in _HINTS if re.search(pattern, said)), "")
    return f"git cannot get {step.wanted} of {step.url}.{hint} It says:\n{said}"


def passing(said: str) -> bool:
    """Whether trying again may help."""
    return _PASSING.search(said) is not None
