// How the sources become a module, for the widget and for the page of states that is looked at.
export const options = {
  bundle: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "eof",
  logLevel: "warning",
  jsx: "transform",
  alias: { react: "./src/widget/react.ts", "react-dom/client": "./src/widget/react.ts" },
  define: { "process.env.NODE_ENV": '"production"' },
};
