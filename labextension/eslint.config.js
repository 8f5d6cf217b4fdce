import js from "@eslint/js";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["dev/out/**", "src/ui/generated-css.ts", "src/ui/record.ts"] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    rules: {
      "max-lines-per-function": ["error", { max: 60, skipBlankLines: true, skipComments: true }],
      "no-restricted-syntax": [
        "error",
        { selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']", message: "Text nodes only." },
        { selector: "MemberExpression[property.name=/^(innerHTML|outerHTML)$/]", message: "Text nodes only." },
      ],
    },
  },
  { files: ["**/__tests__/**", "dev/**"], rules: { "max-lines-per-function": "off" } },
  { files: ["scripts/**"], languageOptions: { globals: { process: "readonly", console: "readonly" } } },
);
