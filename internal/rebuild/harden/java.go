package harden

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"plimsoll/internal/dockerfile"
)

func isJava(w *work, s *dockerfile.Stage) bool {
	switch parseReference(s.Image).official() {
	case "maven", "gradle", "eclipse-temurin":
		return true
	}
	return false
}

var (
	// maven: 3.9-eclipse-temurin-17, 3.9.6-eclipse-temurin-21-alpine
	// (https://hub.docker.com/_/maven); gradle: 8-jdk17, 8.5-jdk21-alpine
	// (https://hub.docker.com/_/gradle); both stand on Eclipse Temurin's images.
	reMavenTag  = regexp.MustCompile(`^[\d.]+-eclipse-temurin-(\d+)(-alpine)?$`)
	reGradleTag = regexp.MustCompile(`^[\d.]+-jdk(\d+)(-alpine)?$`)
	// 17, 17-jdk, 17-jdk-alpine, 17-jdk-jammy (https://hub.docker.com/_/eclipse-temurin).
	reTemurinTag = regexp.MustCompile(`^(\d+)(?:-jdk)?((?:-(?:alpine|jammy|noble|focal))?)$`)
)

// runtimeOf is the image with the same Java and no compiler.
func runtimeOf(image string) (string, bool) {
	r := parseReference(image)
	var m []string
	switch r.official() {
	case "maven":
		m = reMavenTag.FindStringSubmatch(r.tag)
	case "gradle":
		m = reGradleTag.FindStringSubmatch(r.tag)
	case "eclipse-temurin":
		m = reTemurinTag.FindStringSubmatch(r.tag)
	}
	// Temurin has no JRE image of 16, and none of other releases than these for sure.
	if m == nil || !slices.Contains([]string{"8", "11", "17", "21", "25"}, m[1]) {
		return "", false
	}
	name := reference{registry: r.registry, repository: "eclipse-temurin"}
	if strings.HasPrefix(r.repository, "library/") {
		name.repository = "library/eclipse-temurin"
	}
	return name.withTag(m[1] + "-jre" + m[2]), true
}

// planJava builds with the JDK and runs with the JRE.
func planJava(w *work, s *dockerfile.Stage) (*plan, string) {
	base, known := runtimeOf(s.Image)
	builds := lastInstall(s, func(c *dockerfile.Command) bool {
		return slices.Contains([]string{"mvn", "mvnw", "gradle", "gradlew", "javac", "jar"}, c.Name)
	})
	if builds == nil {
		return nil, ""
	}
	if !known {
		return nil, "the tag does not tell which Java it is, and so which image runs it"
	}
	c := &compiled{
		w: w, s: s, base: base, tools: []string{"mvn", "mvnw", "gradle", "gradlew", "javac", "jar", "cp", "mv"},
		toolVariables: []string{"MAVEN_", "GRADLE_", "M2_"},
		sources: func(f string) bool {
			top := firstOf(f)
			return slices.Contains([]string{".java", ".kt", ".kts", ".gradle", ".scala", ".groovy"}, path.Ext(f)) || slices.Contains([]string{"src", ".mvn", "gradle", "buildSrc", "target", "build"}, top) ||
				slices.Contains([]string{"pom.xml", "mvnw", "mvnw.cmd", "gradlew", "gradlew.bat", "gradle.properties", "settings.xml"}, f) || needlessText(f)
		},
		why: "Java's runtime without its compiler, and the archive that was built",
	}
	start, words, ok := c.startPath()
	if !ok || path.Base(words[0]) != "java" {
		return nil, "the program is not started by java in exec form"
	}
	at := slices.Index(words, "-jar")
	if at < 0 || at+1 >= len(words) || strings.ContainsAny(words[at+1], "*?$") {
		return nil, "the program is not one archive that java -jar starts"
	}
	if slices.ContainsFunc(words, func(s string) bool { return strings.HasPrefix(s, "-javaagent") || s == "-cp" || s == "-classpath" }) {
		return nil, "the program takes more than one archive"
	}
	if f := w.mentions([]string{".java", ".kt"}, regexp.MustCompile(`ProcessBuilder|getRuntime\(\)\s*\.\s*exec|ToolProvider`)); f != "" {
		return nil, w.clean(f) + " starts other programs, or the compiler"
	}
	if f := w.mentions([]string{".xml", ".gradle", ".kts", ".txt", ".mf", ".MF"}, regexp.MustCompile(`(?i)addClasspath|classpathPrefix|copy-dependencies|class-path:`)); f != "" {
		return nil, w.clean(f) + " makes an archive that needs others beside it"
	}
	jar := c.absolute(words[at+1], start)
	if !c.makesJar(jar) {
		return nil, "it is not known which step makes " + w.clean(words[at+1])
	}
	c.replace = func(*dockerfile.Instruction) string { return "" }
	if w.files == nil {
		return nil, "the build context is not known, and the program may read files of it"
	}
	p, reason := c.plan([][2]string{{jar, jar}})
	if p != nil {
		w.distroless(s, p, bareOfJava)
	}
	return p, reason
}

// makesJar tells whether a step of the stage makes an archive: jar itself, or Maven
// and Gradle in the folder that they use.
func (c *compiled) makesJar(jar string) bool {
	for _, in := range c.s.Instructions {
		if in.Keyword != "run" {
			continue
		}
		for _, command := range in.Commands() {
			switch command.Name {
			case "jar", "cp", "mv":
				for _, a := range command.Args {
					name := strings.TrimPrefix(a.Text, "--file=")
					if a.Known && name != "" && c.absolute(name, in) == jar {
						return true
					}
				}
			case "mvn", "mvnw":
				if path.Base(path.Dir(jar)) == "target" {
					return true
				}
			case "gradle", "gradlew":
				if strings.HasSuffix(path.Dir(jar), "build/libs") {
					return true
				}
			}
		}
	}
	return false
}
