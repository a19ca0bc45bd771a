"""Import paths that users of workflow orchestrators know. The code lives elsewhere."""
