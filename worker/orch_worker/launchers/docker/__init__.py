"""The launcher of Docker containers: one container per attempt.

variables     job variables, typed
naming        names and labels, by which containers are known again
addresses     how a container reaches a control plane on the worker's machine
creation      the body of ContainerCreate, made of all that
engine        the engine's API: the only door to it, and its failures
images        pulls, one for all that wait for the same image
registries    logins, remembered
refusals      what the engine says no to, in words
frames        the engine's log stream, cut into lines
endings       what became of a container, in words
watching      one event stream for all containers
attempt       one container, as the worker sees it
launcher      ties these together
"""
