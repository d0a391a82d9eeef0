// node build.mjs FOLDER: bundles css/ and src/ into FOLDER and puts the fonts beside them.
// Names carry no hash here; the programs add one when they serve a file (src/service).
import { build } from "esbuild";
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const folder = process.argv[2];
if (!folder) throw new Error("usage: node build.mjs FOLDER");

const targets = ["chrome109", "firefox115", "safari16"];

// The name in css/fonts.css and in CMakeLists.txt, and the package's own.
const fonts = [
  ["noto-sans-latin", "noto-sans", "noto-sans-latin-wght-normal.woff2"],
  ["noto-sans-cyrillic", "noto-sans", "noto-sans-cyrillic-wght-normal.woff2"],
  ["noto-sans-arabic", "noto-sans-arabic", "noto-sans-arabic-arabic-wght-normal.woff2"],
];

await mkdir(join(folder, "fonts"), { recursive: true });
await build({
  entryPoints: [{ in: "css/site.css", out: "site" }, { in: "src/site.ts", out: "site" }],
  outdir: folder,
  bundle: true,
  minify: true,
  target: targets,
  external: ["/assets/*"],
  format: "iife",
  legalComments: "none",
  logLevel: "warning",
});
await copyFile("img/icon.svg", join(folder, "icon.svg"));
for (const [name, from, file] of fonts) {
  const home = join("node_modules/@fontsource-variable", from);
  const { version } = JSON.parse(await readFile(join(home, "package.json"), "utf8"));
  await copyFile(join(home, "files", file), join(folder, "fonts", `${name}-${version}.woff2`));
}
