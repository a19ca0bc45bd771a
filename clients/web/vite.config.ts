import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

declare const process: { env: Record<string, string | undefined> };

// `npm run dev` shows the sources, and passes calls on to a control plane.
const controlPlane = process.env.ORCH_WEB_URL ?? "http://127.0.0.1:4200";
const passedOn = ["/orch.v1.", "/login", "/logout", "/session"];

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: process.env.ORCH_WEB_OUT ?? "../../server/orch_server/web/static",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
  },
  server: {
    // The control plane refuses calls from pages of other origins: these are its own, in a way.
    proxy: Object.fromEntries(
      passedOn.map((path) => [
        path,
        { target: controlPlane, changeOrigin: true, headers: { origin: controlPlane } },
      ]),
    ),
  },
});
