"""The screen, in a real browser, on a real control plane with a real worker."""
