import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const react = fileURLToPath(new URL("src/widget/react.ts", import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: "react-dom/client", replacement: react },
      { find: /^react$/, replacement: react },
    ],
  },
  oxc: { jsx: { runtime: "classic", development: false } },
  test: { environment: "jsdom", include: ["src/**/*.test.{ts,tsx}"], setupFiles: ["src/ui/__tests__/setup.ts"], testTimeout: 60_000 },
});
