const fs = require("fs");

fs.mkdirSync("dist", { recursive: true });
const page = fs.readFileSync("src/index.html", "utf8");
fs.writeFileSync("dist/index.html", page.replace("{{built}}", new Date(0).toISOString()));
