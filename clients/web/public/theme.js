// Before the first paint, so that a dark screen does not flash white. In a file of its own: no inline scripts.
(function () {
  try {
    var theme = localStorage.getItem("orch.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch (_) {
    // Storage is forbidden here: the system's theme it is.
  }
})();
