"""Programs that the tests run as users do: `python script.py`."""
