package jar

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
	"plimsoll/internal/inventory"
)

// files are an archive's entries in order: name, content, name, content, …
type files []string

// pack builds an archive; nested archives are stored, as Spring Boot does, and
// everything else deflated.
func pack(t testing.TB, list files) string {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for i := 0; i+1 < len(list); i += 2 {
		h := &zip.FileHeader{Name: list[i], Method: zip.Deflate}
		if strings.HasSuffix(list[i], ".jar") {
			h.Method = zip.Store
		}
		w, err := z.CreateHeader(h)
		if err == nil {
			_, err = io.WriteString(w, list[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

func properties(group, artifact, version string) string {
	return fmt.Sprintf("#Created by Maven\nversion=%s\ngroupId=%s\nartifactId=%s\n", version, group, artifact)
}

func inspectBoth(t testing.TB, path, content string) (memory, stream []string) {
	t.Helper()
	f := &inspect.File{Path: path, Size: int64(len(content))}
	var whole, piece evidence.Fragment
	if err := (Inspector{}).Inspect(context.Background(), f, []byte(content), &whole); err != nil {
		t.Fatal(err)
	}
	sink := Inspector{}.Open(context.Background(), f, &piece)
	for b := []byte(content); len(b) > 0; {
		n, err := sink.Write(b[:min(len(b), 1000)])
		if err != nil {
			break
		}
		b = b[n:]
	}
	if err := sink.Close(); err != nil {
		t.Fatal(err)
	}
	return describe(whole), describe(piece)
}

func describe(out evidence.Fragment) []string {
	var list []string
	for _, p := range out.Packages {
		list = append(list, line(p))
	}
	for _, p := range out.Problems {
		list = append(list, fmt.Sprintf("problem incomplete=%v: %s", p.Incomplete, p.Reason))
	}
	return list
}

func line(p inventory.Package) string {
	s := p.FullName() + " " + p.Version
	if p.InArchive != "" {
		s += " in=" + p.InArchive
	}
	if len(p.Licenses) > 0 {
		s += " licenses=" + strings.Join(p.Licenses, "|")
	}
	if len(p.DependsOn) > 0 {
		s += " depends=" + strings.Join(p.DependsOn, ",")
	}
	return s
}

const plain = "Manifest-Version: 1.0\r\n\r\n"

// TestAPlainZipThatIsDamagedIsANote: most zips are none of Java's business.
func TestAPlainZipThatIsDamagedIsANote(t *testing.T) {
	content := pack(t, files{"readme.txt", "hello"})
	memory, stream := inspectBoth(t, "srv/data.zip", content[:len(content)/2])
	for _, got := range [][]string{memory, stream} {
		for _, line := range got {
			if strings.Contains(line, "incomplete=true") {
				t.Errorf("%s", line)
			}
		}
	}
}

func TestArchivesAreIdentified(t *testing.T) {
	const mavenDir = "META-INF/maven/"
	tests := []struct {
		name, file string
		content    files
		want       []string
	}{
		{
			"by the version after a series in Debian's file names", "usr/share/java/log4j-1.2-1.2.17.jar",
			files{"META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\nBundle-SymbolicName: org.apache.log4j\r\nBundle-Version: 1.2.17\r\n\r\n"},
			[]string{"log4j:log4j 1.2.17"},
		},
		{
			"by the name without Debian's series number", "usr/share/java/commons-collections3-3.2.2.jar",
			files{"META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\nExtension-Name: commons-collections\r\nImplementation-Vendor-Id: org.apache\r\n\r\n"},
			[]string{"commons-collections:commons-collections 3.2.2"},
		},
		{
			"by the known name, whose number belongs to it", "lib/commons-collections4-4.4.jar",
			files{"META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\nExtension-Name: commons-collections\r\n\r\n"},
			[]string{"org.apache.commons:commons-collections4 4.4"},
		},
		{
			"in a plain zip, which is none itself", "opt/server.zip",
			files{
				"META-INF/MANIFEST.MF", plain,
				mavenDir + "g/a/pom.properties", properties("g", "a", "1"),
				"server/lib/commons-io-2.6.jar", pack(t, files{"META-INF/MANIFEST.MF", plain}),
			},
			[]string{"commons-io:commons-io 2.6 in=server/lib/commons-io-2.6.jar"},
		},
		{
			"by the pom.properties that fits the file, with the pom.xml beside it", "lib/commons-text-1.9.jar",
			files{
				"META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\nImplementation-Version: 0\r\n\r\n",
				mavenDir + "org.apache.commons/commons-text/pom.xml", `<?xml version="1.0"?><project><!-- <version>8</version> -->
				  <parent><groupId>org.apache.commons</groupId><artifactId>commons-parent</artifactId><version>52</version></parent>
				  <artifactId>commons-text</artifactId><version>1.9</version>
				  <licenses><license><name>Apache &amp; more</name></license></licenses>
				  <dependencies><dependency><groupId>org.apache.commons</groupId><artifactId>commons-lang3</artifactId></dependency>
				  <dependency><groupId>junit</groupId><artifactId>junit</artifactId><scope>test</scope></dependency></dependencies></project>`,
				mavenDir + "org.apache.commons/commons-text/pom.properties", properties("org.apache.commons", "commons-text", "1.9"),
			},
			[]string{"org.apache.commons:commons-text 1.9 licenses=Apache & more depends=org.apache.commons:commons-lang3"},
		},
		{
			"shaded ones are packages of their own", "app/tool-2.0.jar",
			files{
				"META-INF/MANIFEST.MF", plain,
				mavenDir + "com.example/tool/pom.properties", properties("com.example", "tool", "2.0"),
				mavenDir + "org.yaml/snakeyaml/pom.properties", properties("org.yaml", "snakeyaml", "1.26"),
				mavenDir + "broken/x/pom.properties", "groupId=broken\n",
			},
			[]string{
				"com.example:tool 2.0",
				"org.yaml:snakeyaml 1.26 in=META-INF/maven/org.yaml/snakeyaml/pom.properties",
			},
		},
		{
			"by the only pom.xml, its gaps filled by its parent and properties", "lib/renamed.jar",
			files{
				"META-INF/MANIFEST.MF", plain,
				mavenDir + "g/a/pom.xml", "<project><parent><groupId>org.g</groupId><version>3.1</version></parent>" +
					"<artifactId>a</artifactId><version>${rev}</version><properties><rev>3.2</rev></properties></project>",
			},
			[]string{"org.g:a 3.2"},
		},
		{
			"by the file's name and a known group", "lib/spring-core-5.3.18.jar",
			files{"META-INF/MANIFEST.MF", "Manifest-Version: 1.0\nImplementation-Title: spring-core\nImplementation-Version: 5.3.18\n"},
			[]string{"org.springframework:spring-core 5.3.18"},
		},
		{
			"by a group that moved", "lib/groovy-json-4.0.9.jar",
			files{"META-INF/MANIFEST.MF", plain},
			[]string{"org.apache.groovy:groovy-json 4.0.9"},
		},
		{
			"by a group before it moved", "lib/groovy-json-2.4.21.jar",
			files{"META-INF/MANIFEST.MF", plain},
			[]string{"org.codehaus.groovy:groovy-json 2.4.21"},
		},
		{
			"by the manifest, with continued lines and a licence", "plugins/thing.jar",
			files{"META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\nBundle-SymbolicName: org.example.th\r\n ing;singleton:=true\r\n" +
				"Bundle-Version: 1.2.3.v2024\r\nBundle-License: https://opensource.org/licenses/MIT;link=\"x\", EPL-2.0\r\n"},
			[]string{"org.example.thing:thing 1.2.3.v2024 licenses=https://opensource.org/licenses/MIT|EPL-2.0"},
		},
		{
			"a version in another section of the manifest", "lib/old.jar",
			files{"META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n\nName: org/old/\nImplementation-Version: 4.5\n"},
			[]string{"old:old 4.5"},
		},
		{
			"agents that pose as what they instrument are left out", "lib/newrelic-spring-4.0.jar",
			files{"META-INF/MANIFEST.MF", "Manifest-Version: 1.0\nWeave-Classes: x\n", mavenDir + "a/b/pom.properties", properties("a", "b", "1")},
			nil,
		},
		{
			"without a manifest only Maven's files count", "lib/x-1.jar",
			files{mavenDir + "a/b/pom.properties", properties("a", "b", "1"), "readme.txt", "x"},
			[]string{"a:b 1 in=META-INF/maven/a/b/pom.properties"},
		},
		{"an archive of nothing", "lib/x-1.jar", files{"readme.txt", "x"}, nil},
		{
			"a version that nobody filled in is none", "lib/x.jar",
			files{"META-INF/MANIFEST.MF", plain, mavenDir + "a/x/pom.properties", properties("a", "x", "${revision}")},
			[]string{"a:x "},
		},
		{
			"control characters name nothing", "lib/x.jar",
			files{mavenDir + "a/b/pom.properties", properties("a\x1b[2J", "b\x07", "1")},
			nil,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			memory, stream := inspectBoth(t, tt.file, pack(t, tt.content))
			if d := cmp.Diff(tt.want, memory); d != "" {
				t.Error("in memory:", d)
			}
			if d := cmp.Diff(tt.want, stream); d != "" {
				t.Error("as a stream:", d)
			}
		})
	}
}

func TestArchivesInsideArchives(t *testing.T) {
	lib := func(artifact, version string) string {
		return pack(t, files{"META-INF/MANIFEST.MF", plain, "META-INF/maven/org.x/" + artifact + "/pom.properties", properties("org.x", artifact, version)})
	}
	shaded := pack(t, files{
		"META-INF/MANIFEST.MF", plain,
		"META-INF/maven/org.x/b/pom.properties", properties("org.x", "b", "2"),
		"META-INF/maven/org.x/in-b/pom.properties", properties("org.x", "in-b", "3"),
	})
	war := pack(t, files{
		"META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n",
		"WEB-INF/lib/a-1.jar", lib("a", "1"),
		"WEB-INF/lib/b-2.jar", shaded,
	})
	ear := pack(t, files{"META-INF/MANIFEST.MF", plain, "web.war", war})
	want := []string{
		"app:app 1.0 depends=web:web",
		"web:web  in=web.war depends=org.x:a,org.x:b",
		"org.x:a 1 in=web.war!WEB-INF/lib/a-1.jar",
		"org.x:b 2 in=web.war!WEB-INF/lib/b-2.jar",
		"org.x:in-b 3 in=web.war!WEB-INF/lib/b-2.jar!META-INF/maven/org.x/in-b/pom.properties",
	}
	memory, stream := inspectBoth(t, "opt/app-1.0.ear", ear)
	if d := cmp.Diff(want, memory); d != "" {
		t.Error("in memory:", d)
	}
	if d := cmp.Diff(want, stream); d != "" {
		t.Error("as a stream:", d)
	}
}

func TestNestingIsBounded(t *testing.T) {
	content := pack(t, files{"META-INF/MANIFEST.MF", plain})
	for range 50 {
		content = pack(t, files{"META-INF/MANIFEST.MF", plain, "a.jar", content})
	}
	memory, stream := inspectBoth(t, "a.jar", content)
	for _, got := range [][]string{memory, stream} {
		last := got[len(got)-1]
		if len(got) > 20 || !strings.HasPrefix(last, "problem incomplete=true") || !strings.Contains(last, "nested too deep") {
			t.Errorf("got %v", got)
		}
	}
}

func TestDamageIsToldOnceAndKeepsWhatIsWhole(t *testing.T) {
	list := files{"META-INF/MANIFEST.MF", plain, "META-INF/maven/a/b/pom.properties", properties("a", "b", "1")}
	for i := range 50 {
		list = append(list, fmt.Sprintf("lib/%d.jar", i), "PK\x03\x04 no archive")
	}
	memory, _ := inspectBoth(t, "b-1.jar", pack(t, list))
	if memory[0] != "a:b 1" || len(memory) > 102 {
		t.Errorf("got %v", memory)
	}
}

func TestFileNamesAreTakenApart(t *testing.T) {
	tests := map[string][2]string{
		"commons-lang3-3.12.0.jar":          {"commons-lang3", "3.12.0"},
		"guava-31.1-jre.jar":                {"guava", "31.1-jre"},
		"guava-r09.jar":                     {"guava", "r09"},
		"my-http2-server-5.jar":             {"my-http2-server", "5"},
		"spring-r2dbc.jar":                  {"spring-r2dbc", ""},
		"jetpack-build235-rc5.jar":          {"jetpack", "build235-rc5"},
		"org.eclipse.osgi_3.15.0.v2019.jar": {"org.eclipse.osgi", "3.15.0.v2019"},
		"ojdbc.jar":                         {"ojdbc", ""},
		"1.jar":                             {"", ""},
	}
	for file, want := range tests {
		f := parseFileName(file)
		if f.name != want[0] || f.version != want[1] {
			t.Errorf("%s: %q %q", file, f.name, f.version)
		}
	}
}

func FuzzArchive(f *testing.F) {
	inner := pack(f, files{"META-INF/MANIFEST.MF", plain, "META-INF/maven/a/b/pom.properties", properties("a", "b", "1")})
	f.Add([]byte(inner))
	f.Add([]byte(pack(f, files{"META-INF/MANIFEST.MF", "Bundle-License: x\n y\n", "lib/a.jar", inner, "META-INF/maven/a/b/pom.xml", "<project><version>1</version></project>"})))
	f.Fuzz(func(t *testing.T, b []byte) {
		inspectBoth(t, "a-1.jar", string(b))
	})
}

func FuzzMetadata(f *testing.F) {
	f.Add([]byte("<project><artifactId>a</artifactId><![CDATA[x]]><!-- y --><?z?></project>"))
	f.Add([]byte("A: b\r\n c\r\n\r\nName: x\r\n"))
	f.Add([]byte("groupId=a\nartifactId:b\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p := parsePom(b)
		for _, s := range append(p.licenses, p.artifact, p.version, p.group) {
			if len(s) > maxText {
				t.Errorf("too long: %d bytes", len(s))
			}
		}
		p.coordinates()
		m := parseManifest(b)
		m.licenses()
		m.group(m.artifact(parseFileName(string(b))), "1")
		parseProperties(b)
	})
}
