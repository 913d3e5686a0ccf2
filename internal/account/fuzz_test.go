package account_test

import (
	"testing"

	"plimsoll/internal/account"
	"plimsoll/internal/evidence"
	"plimsoll/internal/inventory"
)

// FuzzAccount has what an image says of itself in words: a history line, the name
// of an executable, a link and what the kernel is told of capabilities.
func FuzzAccount(f *testing.F) {
	f.Add("RUN |1 A=b /bin/bash -o pipefail -ec apt-get install -y $(curl x) <<EOF\nEOF # buildkit", "usr/bin/app", "../etc/alternatives/x", []byte("\x01\x00\x00\x02\x80\x00\x00\x00\x00\x00\x00\x00"))
	f.Add("/bin/sh -c #(nop) ADD file:0f1c in / ", "var/lib/dpkg/info/a:b.postinst", "/", []byte{})
	f.Add("RUN ", "a/__pycache__/x.cpython-311.pyc", "../../..", []byte{})
	f.Fuzz(func(t *testing.T, line, path, target string, capabilities []byte) {
		l := &evidence.Layer{}
		l.Files.Append(path, evidence.Regular, 0o755, 1, "")
		l.Files.Append("a/b/"+path, evidence.Symlink, 0, 0, target)
		l.Files.Append(target, evidence.Hardlink, 0, 0, path)
		l.Executables = []evidence.Executable{
			{Path: path, Kind: evidence.Program, Mode: 0o755, Size: 1, MD5: make([]byte, 16), Capabilities: capabilities},
			{Path: path + ".pyc", Kind: evidence.Bytecode, Size: 1},
		}
		own := evidence.Owned{Type: "deb", Package: "app", Database: path, Paths: evidence.PathsOf(path, target)}
		own.Digests.Append(make([]byte, 16))
		own.Digests.Append(capabilities[:min(len(capabilities), 255)])
		l.Owned, l.Sums = []evidence.Owned{own}, []evidence.Owned{own}
		l.Diversions = []evidence.Diversion{{From: path, To: target, By: ":"}}
		in := account.Input{Layers: []*evidence.Layer{l, l}, Refs: []inventory.LayerRef{{Index: 0, CreatedBy: line}, {Index: 1, CreatedBy: line}}}
		a, _ := account.Of(in)
		a.Line()
		account.Diff(a, a)
	})
}
