"""What launchers of containers share, whoever runs the containers: Docker or Kubernetes.

`variables` reads job variables with pydantic, and says what is wrong with them. `contents` is what a container runs:
its command, environment and files. `endings` puts its exit code in words. `lines` reads what engines write: a time,
then the line.
"""
