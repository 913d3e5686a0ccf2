package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

// surroundings is where a value of one line is planted.
type surroundings struct {
	name, path string
	// write puts the value into its place among other lines.
	write func(name, value string) string
}

// places are the files of images in which credentials are found, most often first.
func places() []surroundings {
	return []surroundings{
		{"ENV of a configuration", "", func(name, value string) string { return name + "=" + value }},
		{"RUN of a history", "", func(name, value string) string {
			return "RUN |1 VERSION=3 /bin/sh -c export " + name + "=" + value + " && make install # buildkit"
		}},
		{"Dockerfile", "srv/Dockerfile", func(name, value string) string {
			return "FROM debian:12\nRUN apt-get update\nENV " + name + "=" + value + "\nCMD [\"/srv/run\"]\n"
		}},
		{".env", "srv/.env", func(name, value string) string {
			return "NODE_ENV=production\nPORT=8080\n" + name + "=" + value + "\nLOG_LEVEL=info\n"
		}},
		{"shell script", "srv/start.sh", func(name, value string) string {
			return "#!/bin/sh\nset -eu\nexport " + name + "='" + value + "'\nexec /srv/run \"$@\"\n"
		}},
		{"YAML", "srv/config.yml", func(name, value string) string {
			return "server:\n  port: 8080\nauth:\n  " + strings.ToLower(name) + ": " + value + "\nlogging:\n  level: info\n"
		}},
		{"Kubernetes", "srv/deployment.yaml", func(name, value string) string {
			return "    spec:\n      containers:\n      - image: shop\n        env:\n        - name: " + name + "\n          value: \"" + value + "\"\n        ports: []\n"
		}},
		{"JSON", "srv/config.json", func(name, value string) string {
			quoted, _ := json.Marshal(value)
			return fmt.Sprintf("{\n  \"port\": 8080,\n  %q: %s,\n  \"debug\": false\n}\n", camel(name), quoted)
		}},
		{"properties", "srv/application.properties", func(name, value string) string {
			return "server.port=8080\nspring.cloud." + strings.ToLower(strings.ReplaceAll(name, "_", ".")) + "=" + value + "\nlogging.level.root=INFO\n"
		}},
		{"XML", "srv/context.xml", func(name, value string) string {
			return "<config>\n  <port>8080</port>\n  <" + camel(name) + ">" + escapeXML(value) + "</" + camel(name) + ">\n</config>\n"
		}},
		{"JavaScript", "srv/server.js", func(name, value string) string {
			return "const http = require('http');\n\nconst " + camel(name) + " = '" + value + "';\nhttp.createServer().listen(3000);\n"
		}},
		{"Python", "srv/settings.py", func(name, value string) string {
			return "import os\n\nDEBUG = False\n" + name + " = \"" + value + "\"\nALLOWED_HOSTS = []\n"
		}},
		{"Go", "srv/main.go", func(name, value string) string {
			return "package main\n\nconst " + camel(name) + " = \"" + value + "\"\n\nfunc main() { run() }\n"
		}},
		{"PHP", "srv/config.php", func(name, value string) string {
			return "<?php\nreturn [\n  'debug' => false,\n  '" + strings.ToLower(name) + "' => '" + value + "',\n];\n"
		}},
	}
}

// camel writes API_KEY as apiKey.
func camel(name string) string {
	parts := strings.Split(strings.ToLower(name), "_")
	for i := 1; i < len(parts); i++ {
		if parts[i] != "" {
			parts[i] = strings.ToUpper(parts[i][:1]) + parts[i][1:]
		}
	}
	return strings.Join(parts, "")
}

func escapeXML(value string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(value)
}
