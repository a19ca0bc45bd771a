"""The HTTP edge, as browsers, curl and other services meet it."""
