"""The SDK's own modules: futures, task runners, interrupts, results, recording, logging."""
