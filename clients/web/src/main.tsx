import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "@fontsource-variable/inter/wght.css";
import "@fontsource-variable/jetbrains-mono/wght.css";
import "./design/tokens.css";
import "./design/base.css";
import "./design/shell.css";
import "./design/parts.css";
import { App } from "./app/App";

// After an update of the control plane, a page that was open asks for parts that are there no more: load the new ones.
const RELOADED = "orch.reloaded";
const RELOAD_PAUSE_MS = 10_000;
window.addEventListener("vite:preloadError", () => {
  const last = Number(window.sessionStorage.getItem(RELOADED) ?? 0);
  if (Date.now() - last < RELOAD_PAUSE_MS) return;
  window.sessionStorage.setItem(RELOADED, String(Date.now()));
  window.location.reload();
});

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
