package dockerfile

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A file costs what its length does, whatever its variables and stages are made of.
func TestParsingTakesNoMoreThanTheLengthAsks(t *testing.T) {
	var doubled, chained strings.Builder
	doubled.WriteString("ARG a0=x\n")
	for i := 1; i < 60; i++ {
		fmt.Fprintf(&doubled, "ARG a%d=$a%d$a%d\n", i, i-1, i-1)
	}
	doubled.WriteString("FROM x:$a59\n")
	chained.WriteString("FROM a AS s0\n")
	for i := 1; i < 20_000; i++ {
		fmt.Fprintf(&chained, "FROM s%d AS s%d\nCOPY --from=s0 a b\n", i-1, i)
	}
	for name, source := range map[string]string{
		"doubled": doubled.String(), "chained": chained.String(),
		"same name": strings.Repeat("FROM a AS b\n", 20_000), "arguments": strings.Repeat("ARG A=$B\n", 20_000) + "FROM a\n",
	} {
		start := time.Now()
		if _, err := Parse("Dockerfile", []byte(source)); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%s: %d bytes took %v", name, len(source), took)
		}
	}
}

// What an ARG before the first FROM says is what the last one before says.
func TestGlobalArgumentsInOrder(t *testing.T) {
	f, err := Parse("Dockerfile", []byte("ARG A=1\nARG B=$A\nARG A=2\nFROM x:$A-$B AS one\nFROM y:$A AS One\nFROM one\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Stages[0].Image; got != "x:2-1" {
		t.Errorf("the first base is %q", got)
	}
	if f.Stages[2].Parent != f.Stages[1] {
		t.Error("of two stages of a name the last one counts")
	}
}
