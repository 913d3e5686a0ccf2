package runtimes

import (
	"strings"
	"testing"
)

func TestJVMReleaseFiles(t *testing.T) {
	tests := []struct {
		title, path, content string
		want                 string
		cpes                 []string
	}{
		{
			"Temurin is OpenJDK", "opt/java/openjdk/release",
			"IMPLEMENTOR=\"Eclipse Adoptium\"\nIMPLEMENTOR_VERSION=\"Temurin-21.0.4+7\"\nJAVA_RUNTIME_VERSION=\"21.0.4+7-LTS\"\nJAVA_VERSION=\"21.0.4\"\nIMAGE_TYPE=\"JDK\"\n",
			"oracle/openjdk@21.0.4+7-LTS",
			[]string{"cpe:2.3:a:oracle:openjdk:21.0.4:*:*:*:*:*:*:*"},
		},
		{
			"Java 8 has updates", "usr/lib/jvm/java-1.8-openjdk/release",
			"JAVA_VERSION=\"1.8.0_422\"\nFULL_VERSION=\"1.8.0_422-b05\"\nSEMANTIC_VERSION=\"8.0.422+5\"\n",
			"oracle/openjdk@1.8.0_422-b05",
			[]string{"cpe:2.3:a:oracle:openjdk:1.8.0:update422:*:*:*:*:*:*"},
		},
		{
			"OpenJ9's own number is not Java's", "opt/semeru/release",
			"IMPLEMENTOR=\"Eclipse OpenJ9\"\nJAVA_VERSION=\"1.8.0_302\"\nFULL_VERSION=\"8.0.302+8\"\n",
			"oracle/openjdk@1.8.0_302",
			[]string{"cpe:2.3:a:oracle:openjdk:1.8.0:update302:*:*:*:*:*:*"},
		},
		{
			"Oracle's JDK", "usr/java/jdk-22/release",
			"IMPLEMENTOR=\"Oracle Corporation\"\nJAVA_RUNTIME_VERSION=\"22.0.2+9-70\"\nJAVA_VERSION=\"22.0.2\"\nMODULES=\"java.base jdk.compiler java.se\"\n",
			"oracle/jdk@22.0.2+9-70",
			[]string{
				"cpe:2.3:a:oracle:java_se:22.0.2:*:*:*:*:*:*:*", "cpe:2.3:a:oracle:jre:22.0.2:*:*:*:*:*:*:*", "cpe:2.3:a:oracle:jdk:22.0.2:*:*:*:*:*:*:*",
			},
		},
		{
			"Zulu", "usr/lib/jvm/zulu17/release",
			"IMPLEMENTOR=\"Azul Systems, Inc.\"\r\nJAVA_RUNTIME_VERSION=\"17.0.12+7-LTS\"\r\nJAVA_VERSION=\"17.0.12\"\r\n",
			"azul/zulu@17.0.12+7-LTS",
			[]string{"cpe:2.3:a:azul:zulu:17.0.12:*:*:*:*:*:*:*", "cpe:2.3:a:oracle:openjdk:17.0.12:*:*:*:*:*:*:*"},
		},
		{
			"IBM's SDK", "opt/ibm/java/release",
			"IMPLEMENTOR=\"IBM Corporation\"\nJAVA_VERSION=\"1.8.0_401\"\nIMAGE_TYPE=\"JDK\"\n",
			"ibm/java_sdk@1.8.0_401",
			[]string{"cpe:2.3:a:ibm:java_sdk:1.8.0:update401:*:*:*:*:*:*"},
		},
		{"a release file of something else", "opt/app/release", "VERSION=\"1.2.3\"\nNAME=app\n", "", nil},
		{"a version that is no version", "opt/app/release", "JAVA_VERSION=\"$(VERSION); rm\"\n", "", nil},
		{"bytes", "opt/app/release", "JAVA_VERSION=\"17.0.1\"\n\x00", "", nil},
	}
	in := Inspector()
	for _, tt := range tests {
		t.Run(tt.title, func(t *testing.T) {
			out := inspectBytes(t, in, tt.path, []byte(tt.content), 1)
			if tt.want == "" {
				if len(out.Packages) != 0 {
					t.Errorf("got %+v, want none", out.Packages)
				}
				return
			}
			if len(out.Packages) != 1 {
				t.Fatalf("got %+v, want one package", out.Packages)
			}
			p := out.Packages[0]
			if got := p.Namespace + "/" + p.Name + "@" + p.Version; got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if got, want := strings.Join(p.CPEs, "\n"), strings.Join(tt.cpes, "\n"); got != want {
				t.Errorf("CPEs:\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// FuzzJVMRelease holds that any file named release gives a plausible package or none.
func FuzzJVMRelease(f *testing.F) {
	f.Add("opt/java/release", []byte("IMPLEMENTOR=\"Eclipse Adoptium\"\nJAVA_VERSION=\"17.0.1\"\n"))
	f.Add("usr/lib/jvm/zulu/release", []byte("JAVA_VERSION=1.8.0_"))
	f.Fuzz(func(t *testing.T, p string, content []byte) {
		if pkg, ok := parseJVMRelease(p, content); ok {
			checkFound(t, p, pkg)
		}
	})
}
