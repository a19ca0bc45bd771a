"""Launches attempts as Jobs of a Kubernetes cluster.

`launcher` is the door. `connection` is the way to the API server; `watching` keeps a list of objects up to date through
it, and `namespaces` hands what is seen of Jobs and Pods to the attempts. `manifests` makes Job and Secret of a job and
its `variables`. An `attempt` asks `sights` what has become of its Job and its Pod; `endings` says how it ended, and
`troubles` why it does not begin. `output` reads its lines, `cleaning` deletes what is not needed any more.
"""
