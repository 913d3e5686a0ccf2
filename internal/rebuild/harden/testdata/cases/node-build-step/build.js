const fs = require("fs");

fs.mkdirSync("dist", { recursive: true });
const source = fs.readFileSync("src/server.js", "utf8");
fs.writeFileSync("dist/server.js", `// built ${process.version}\n${source}`);
