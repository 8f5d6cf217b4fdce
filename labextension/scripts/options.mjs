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
  // The module travels with every widget: Preact takes HTML's own word for React's, and what only our views call gets a short name.
  mangleProps: /^(className|client|actions|again|beside|chosen|dialogs|going|unchoose|waiting|on(Again|Back|Changed|Choose|Close|Copy|Delete|Dismiss|Do|Done|Download|Event|Line|Open|Progress|Purge|Remove|Restore|Saved?|Toggle|Trash))$/,
  mangleCache: { className: "class" },
  define: { "process.env.NODE_ENV": '"production"' },
};
