"""Pure rules and single modules: no I/O."""
