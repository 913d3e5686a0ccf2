package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode"

	"plimsoll/internal/secret"
)

// perExpression is how many values are made from each expression of the peer.
const perExpression = 10

// recallPeer makes values from the expressions of gitleaks' rules, so that the kinds
// of credentials that it knows and these rules don't come to light.
func recallPeer(out io.Writer, all *finder, file string, missed bool, random *rand.Rand) error {
	rules, err := readPeerRules(file)
	if err != nil {
		return err
	}
	counts := map[string]*counted{}
	for _, r := range rules {
		tree, err := syntax.Parse(asWritten.Replace(r.expression), syntax.Perl)
		if err != nil {
			return fmt.Errorf("rule %s of %s: %w", r.id, file, err)
		}
		re, err := regexp.Compile(r.expression)
		if err != nil {
			return err
		}
		for range perExpression {
			var b bytes.Buffer
			write(&b, tree, random)
			text := "\n" + b.String() + "\n"
			m := re.FindStringSubmatchIndex(text)
			if m == nil {
				continue
			}
			from, to := m[0], m[1]
			if len(m) > 3 && m[2] >= 0 {
				from, to = m[2], m[3]
			}
			var found *secret.Hit
			for _, h := range all.find("srv/.env", []byte(text)) {
				if h.Offset < int64(to) && int64(from) < h.Offset+int64(len(h.Value)) {
					found = &h
					break
				}
			}
			if found == nil {
				entry(counts, r.id).add(false, 0, fmt.Sprintf("%.120q", text))
				continue
			}
			entry(counts, r.id).add(true, found.Confidence, "")
		}
	}
	fmt.Fprintln(out, "values made from the expressions of the peer's rules, in an environment file")
	printCounts(out, "its rule", counts, missed)
	return nil
}

// asWritten replaces what the peer allows between a name, its value and what follows
// by what stands there in an environment file, and takes letters as they are spelt in
// an expression that allows either case.
var asWritten = strings.NewReplacer(
	`(?:[ \t\w.-]{0,20})`, `_api_key`,
	`(?i)`, ``, `(?i:`, `(?:`, `(?-i:`, `(?:`,
	`(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)`, `=`,
	`(?:[\x60'"\s;]|\\[nr]|$)`, ``,
)

type peerRule struct{ id, expression string }

// readPeerRules reads as much of the peer's configuration as is needed: the lines
// that give a rule's identifier and its expression.
func readPeerRules(file string) ([]peerRule, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var list []peerRule
	id := ""
	for line := range strings.Lines(string(content)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " = ")
		switch {
		case key == "id":
			id = strings.Trim(value, `"`)
		case key == "regex" && id != "":
			list = append(list, peerRule{id, strings.Trim(value, "'")})
			id = ""
		}
	}
	return list, nil
}

// write puts out a text that an expression matches. Of what may be absent or blank
// it writes nothing.
func write(b *bytes.Buffer, re *syntax.Regexp, random *rand.Rand) {
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			b.WriteRune(r)
		}
	case syntax.OpCharClass:
		b.WriteRune(member(re.Rune, random))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte('.') // mostly one that was meant, and not escaped
	case syntax.OpCapture, syntax.OpConcat:
		for _, sub := range re.Sub {
			write(b, sub, random)
		}
	case syntax.OpAlternate:
		write(b, re.Sub[random.IntN(len(re.Sub))], random)
	case syntax.OpStar:
	case syntax.OpQuest:
		if re.Flags&syntax.NonGreedy == 0 && !blank(re.Sub[0]) && random.IntN(2) == 0 {
			write(b, re.Sub[0], random)
		}
	case syntax.OpPlus:
		for range 1 + random.IntN(8) {
			write(b, re.Sub[0], random)
		}
	case syntax.OpRepeat:
		n := re.Min
		switch {
		case blank(re.Sub[0]):
		case re.Max > re.Min && re.Flags&syntax.NonGreedy == 0:
			n += random.IntN(min(re.Max-re.Min, 24) + 1)
		}
		for range n {
			write(b, re.Sub[0], random)
		}
	}
}

// blank reports classes that hold a space or a quote.
func blank(re *syntax.Regexp) bool {
	if re.Op != syntax.OpCharClass {
		return false
	}
	for i := 0; i+1 < len(re.Rune); i += 2 {
		if re.Rune[i] <= ' ' && ' ' <= re.Rune[i+1] {
			return true
		}
	}
	return false
}

// member draws a letter or digit of a class, or whatever it has.
func member(ranges []rune, random *rand.Rand) rune {
	var list []rune
	for i := 0; i+1 < len(ranges); i += 2 {
		for r := ranges[i]; r <= min(ranges[i+1], 0x7e); r++ {
			if r > ' ' && strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-=", r) {
				list = append(list, r)
			}
		}
	}
	if len(list) == 0 {
		if ranges[0] < ' ' {
			return ' '
		}
		return ranges[0]
	}
	// Hexadecimal digits are written in one case.
	if s := string(list); len(list) == 22 && !strings.ContainsAny(s, "gG") {
		list = list[:0]
		for _, r := range s {
			if !unicode.IsUpper(r) {
				list = append(list, r)
			}
		}
	}
	return list[random.IntN(len(list))]
}
