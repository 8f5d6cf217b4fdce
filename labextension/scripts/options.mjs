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
  // Preact takes HTML's own word for React's; the module travels with every widget, and has it in every second line.
  mangleProps: /^className$/,
  mangleCache: { className: "class" },
  define: { "process.env.NODE_ENV": '"production"' },
};
