package users

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/internal/evidence"
	"plimsoll/internal/inspect"
)

func inspected(t testing.TB, path, content string) *evidence.Fragment {
	t.Helper()
	var out evidence.Fragment
	f := &inspect.File{Path: path, Size: int64(len(content))}
	if (Inspector{}).Wants(f) != inspect.Whole {
		t.Fatalf("%s is of no interest", path)
	}
	if err := (Inspector{}).Inspect(context.Background(), f, []byte(content), &out); err != nil {
		t.Fatal(err)
	}
	return &out
}

func TestWhatIsOddInFilesOfAccounts(t *testing.T) {
	for _, c := range []struct {
		name, path, content string
		want                []evidence.UserFile
	}{
		{"Debian's", "etc/passwd", "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n_apt:x:42:65534::/nonexistent:/usr/sbin/nologin\n", nil},
		{"two of one number", "etc/passwd", "root:x:0:0::/:\napp:x:1000:1000::/:\nweb:x:1000:1001::/:\n", []evidence.UserFile{{
			Path: "etc/passwd", Shared: []evidence.SharedID{{ID: 1000, Names: []string{"app", "web"}}},
		}}},
		{"a zero before the number", "etc/group", "root:x:0:\nwheel:x:00:a,b\n", []evidence.UserFile{{Path: "etc/group", Shared: []evidence.SharedID{{ID: 0, Names: []string{"root", "wheel"}}}}}},
		{"no password, and one that is a hash", "etc/passwd", "a::1:1::/:/sbin/nologin\r\nb:$6$secret:2:2::/:\n", []evidence.UserFile{{Path: "etc/passwd", Passwordless: []string{"a"}}}},
		{"a group without a password is as usual", "etc/group", "a::1:\n", nil},
		{"NIS, comments, the same line twice, damage", "etc/passwd", "+::0:0:::\n#a:x:1:1::/:\na:x:1:1::/:\na:x:1:1::/:\nb:x\nc:x:-1:1::/:\nd:x:4294967296:1::/:\n:x:1:\n", nil},
	} {
		if diff := cmp.Diff(c.want, inspected(t, c.path, c.content).Users); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", c.name, diff)
		}
	}
}

func TestALongFileIsCut(t *testing.T) {
	var b strings.Builder
	for i := range 300 {
		fmt.Fprintf(&b, "u%d::%d:0::/:\n", i, i%150)
	}
	u := inspected(t, "etc/passwd", b.String()).Users[0]
	if len(u.Shared) != maxListed || len(u.Passwordless) != maxListed || !u.More {
		t.Errorf("%d identifiers, %d accounts, more: %v", len(u.Shared), len(u.Passwordless), u.More)
	}
}

func FuzzUsers(f *testing.F) {
	f.Add("root:x:0:0:root:/root:/bin/bash\n")
	f.Add("a::1:1::/:/bin/sh\nb::01:1:::\n\xff:x:1:\n+::::::\n")
	f.Fuzz(func(t *testing.T, content string) {
		for _, path := range []string{passwd, group} {
			u := read(path, []byte(content))
			if len(u.Shared) > maxListed || len(u.Passwordless) > maxListed {
				t.Fatal("a bound is passed")
			}
			for _, s := range u.Shared {
				if len(s.Names) < 2 || len(s.Names) > maxNames {
					t.Fatalf("%d names share %d", len(s.Names), s.ID)
				}
			}
		}
	})
}
