package hygiene

import (
	"strings"
	"testing"
)

func TestMask(t *testing.T) {
	const secret = "hT7q$Zk2mWv9x"
	for _, text := range []string{
		"FROM debian:13\nENV DB_PASSWORD=" + secret + "\nRUN echo " + secret + "\n",
		"FROM debian:13\nENV DB_PASSWORD '" + secret + "'\n",
	} {
		masked := string(Mask([]byte(text)))
		if strings.Contains(masked, secret) || !strings.Contains(masked, "DB_PASSWORD") {
			t.Errorf("masked as\n%s", masked)
		}
	}
	plain := "FROM debian:13\nENV A=b\n"
	if got := string(Mask([]byte(plain))); got != plain {
		t.Errorf("changed to %q", got)
	}
}
