// Unpacks what npm fetched into FOLDER/chromium: the browser, the libraries that it loads, and a font to set text in.
// Run as: node unpack.mjs FOLDER
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliDecompressSync } from "node:zlib";

const folder = process.argv[2];
const packed = join(folder, "node_modules", "@sparticuz", "chromium", "bin");
const place = join(folder, "chromium");
const plain = (name) => brotliDecompressSync(readFileSync(join(packed, `${name}.br`)));

mkdirSync(place, { recursive: true });
for (const name of ["al2023.tar", "fonts.tar"]) {
  const done = spawnSync("tar", ["-x", "-f", "-", "-C", place], { input: plain(name), stdio: ["pipe", "inherit", "inherit"] });
  if (done.status !== 0) {
    console.error(`${name}: tar cannot unpack it`);
    process.exit(1);
  }
}
// The package's own configuration names folders of AWS Lambda.
writeFileSync(
  join(place, "fonts.conf"),
  `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir prefix="relative">fonts</dir><cachedir prefix="xdg">fonts</cachedir></fontconfig>
`,
);
// Last and under its name at once: where the program is, everything is.
writeFileSync(join(place, "chromium.new"), plain("chromium"));
chmodSync(join(place, "chromium.new"), 0o755);
renameSync(join(place, "chromium.new"), join(place, "chromium"));
