package main

import (
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"plimsoll/internal/secret"
)

// variants is how many values are made of each sample.
const variants = 5

// counted is what was planted and what of it was found.
type counted struct {
	planted, found, above int
	missed                map[string]int
}

func (c *counted) add(found bool, confidence secret.Confidence, where string) {
	c.planted++
	switch {
	case !found:
		if c.missed == nil {
			c.missed = map[string]int{}
		}
		c.missed[where]++
	case confidence > secret.Possible:
		c.above++
		fallthrough
	default:
		c.found++
	}
}

// recall plants credentials in surroundings and counts what is found of them, by
// provider.
func recall(out io.Writer, peerRules string, missed bool) error {
	all, err := newFinder(secret.Rules())
	if err != nil {
		return err
	}
	providers := map[string]*counted{}
	surround := map[string]*counted{}
	random := rand.New(rand.NewPCG(1, 1))
	for _, r := range secret.Rules() {
		alone, err := newFinder([]secret.Rule{r})
		if err != nil {
			return err
		}
		provider := entry(providers, providerOf(&r))
		for _, sample := range r.True {
			hits := alone.find(r.SamplePath, []byte(sample))
			if len(hits) == 0 {
				return fmt.Errorf("rule %s does not find its own sample", r.ID)
			}
			value := string(hits[0].Value)
			if !standsAlone(alone, value) {
				// What the rule needs around the value comes along.
				text := sample
				if text[0] >= ' ' { // a binary file begins with its first byte
					text = "\n" + sample + "\n"
				}
				h, ok := covers(all.find(r.SamplePath, []byte(text)), value, text)
				provider.add(ok, h.Confidence, r.ID+" in its own surroundings")
				continue
			}
			for _, v := range append(made(alone, value, random), value) {
				for _, p := range places() {
					if strings.ContainsAny(v, "\n'\"\\") {
						continue
					}
					text := p.write("ACME_ACCESS", v)
					h, ok := covers(all.find(p.path, []byte(text)), escapedIn(text, v), text)
					provider.add(ok, h.Confidence, r.ID+" in "+p.name)
					entry(surround, p.name).add(ok, h.Confidence, r.ID)
				}
			}
		}
	}
	named(all, surround, providers, random)
	printCounts(out, "provider", providers, missed)
	printCounts(out, "surroundings", surround, false)
	if peerRules == "" {
		return nil
	}
	return recallPeer(out, all, peerRules, missed, random)
}

func entry(m map[string]*counted, key string) *counted {
	if m[key] == nil {
		m[key] = &counted{}
	}
	return m[key]
}

// providerOf is the first word of a rule's identifier, but for what belongs to none.
func providerOf(r *secret.Rule) string {
	first, _, _ := strings.Cut(r.ID, "-")
	if strings.Contains(r.ID, "private-key") {
		return "private keys"
	}
	return first
}

func standsAlone(f *finder, value string) bool {
	_, ok := covers(f.find("", []byte(value)), value, value)
	return ok
}

// covers returns the hit that lies over a value within a text.
func covers(hits []secret.Hit, value, text string) (secret.Hit, bool) {
	at := int64(strings.Index(text, value))
	for _, h := range hits {
		if h.Offset < at+int64(len(value)) && at < h.Offset+int64(len(h.Value)) {
			return h, true
		}
	}
	return secret.Hit{}, false
}

// escapedIn is a value as it is written in a text: its first part that needs no escape.
func escapedIn(text, value string) string {
	for len(value) > 1 && !strings.Contains(text, value) {
		value = value[:len(value)-1]
	}
	return value
}

// made are values like this one, other letters for its letters and other digits for
// its digits, of which the rule says that they are of its kind: not those with a
// checksum, which it proves wrong.
func made(alone *finder, value string, random *rand.Rand) []string {
	// Prefixes and their separators stay; so does what is one for want of others.
	prefix := min(len(value)/2, max(4, strings.LastIndexAny(value[:min(len(value), 16)], "_-.:")+1))
	lowerHex := strings.Trim(value[prefix:], "0123456789abcdef") == ""
	var list []string
	for range variants {
		b := []byte(value)
		for i := prefix; i < len(b); i++ {
			switch c := b[i]; {
			case c >= '0' && c <= '9':
				b[i] = '0' + byte(random.IntN(10))
			case lowerHex:
				b[i] = 'a' + byte(random.IntN(6))
			case c >= 'a' && c <= 'z':
				b[i] = 'a' + byte(random.IntN(26))
			case c >= 'A' && c <= 'Z':
				b[i] = 'A' + byte(random.IntN(26))
			}
		}
		if v := string(b); standsAlone(alone, v) {
			list = append(list, v)
		}
	}
	return list
}

// named plants values that have no shape of their own beside names that say what
// they are.
func named(all *finder, surround, providers map[string]*counted, random *rand.Rand) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	draw := func(from string, n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = from[random.IntN(len(from))]
		}
		return string(b)
	}
	kinds := []struct {
		kind  string
		names []string
		value func() string
	}{
		{"(named) key of 32 letters and digits", []string{"ACME_API_KEY", "API_KEY", "PAYMENT_SECRET_KEY", "ACCESS_TOKEN", "CLIENT_SECRET"}, func() string { return draw(alphabet, 32) }},
		{"(named) key of 40 hexadecimal digits", []string{"ACME_API_KEY", "AUTH_TOKEN", "JWT_SECRET", "SECRET_KEY_BASE"}, func() string { return draw("0123456789abcdef", 40) }},
		{"(named) password of 12, mixed", []string{"DB_PASSWORD", "MYSQL_ROOT_PASSWORD", "SMTP_PASS", "PASSWORD"}, func() string { return draw(alphabet+"!#%*+-_", 12) }},
		{"(named) password of 9, lower case and digits", []string{"DB_PASSWORD", "REDIS_PASSWORD", "ADMIN_PASSWORD"}, func() string { return draw(alphabet[26:], 9) }},
	}
	for _, k := range kinds {
		for range 10 {
			for _, name := range k.names {
				v := k.value()
				for _, p := range places() {
					text := p.write(name, v)
					h, ok := covers(all.find(p.path, []byte(text)), escapedIn(text, v), text)
					entry(providers, k.kind).add(ok, h.Confidence, name+" in "+p.name)
					entry(surround, p.name).add(ok, h.Confidence, k.kind)
				}
			}
		}
	}
}

func printCounts(out io.Writer, title string, counts map[string]*counted, missed bool) {
	total := &counted{}
	fmt.Fprintf(out, "%-48s %8s %8s %8s %10s\n", title, "planted", "found", "recall", "above poss.")
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		c := counts[name]
		printCount(out, name, c)
		if missed {
			for _, where := range slices.Sorted(maps.Keys(c.missed)) {
				fmt.Fprintf(out, "    missed %d: %s\n", c.missed[where], where)
			}
		}
		total.planted, total.found, total.above = total.planted+c.planted, total.found+c.found, total.above+c.above
	}
	printCount(out, "all", total)
	fmt.Fprintln(out)
}

func printCount(out io.Writer, name string, c *counted) {
	share := func(n int) float64 { return float64(n) / float64(max(1, c.planted)) }
	fmt.Fprintf(out, "%-48s %8d %8d %8.3f %10.3f\n", name, c.planted, c.found, share(c.found), share(c.above))
}
