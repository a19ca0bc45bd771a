"""Following a run.

follower   what happens to it, as it happens
position   how far a reader is in its log
lines      told on lines
view       told to people: lines, and a live line below them at terminals
progress   how far it is
waiting    why it does not begin
ending     its end as an exit code
session    all of it: what --watch does
"""
