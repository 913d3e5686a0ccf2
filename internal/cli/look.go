package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"plimsoll/internal/inspect/content"
	"plimsoll/internal/malware/yara"
	"plimsoll/internal/scan"
	"plimsoll/internal/secret"
	"plimsoll/internal/secret/gitleaks"
	"plimsoll/internal/secret/verify"
)

// lookOptions say what files are looked into for.
type lookOptions struct {
	secretRules  string
	malwareRules []string

	verify    bool
	endpoints []string
}

func (o *lookOptions) addTo(f *pflag.FlagSet) {
	f.StringVar(&o.secretRules, "secret-rules", "", "file of rules for secrets in gitleaks' TOML format; they take the place of the built-in ones unless it says useDefault")
	f.StringArrayVar(&o.malwareRules, "malware-rules", nil, "file of YARA rules to run beside the built-in detectors of planted code; may be repeated")
}

func (o *lookOptions) addVerifyTo(f *pflag.FlagSet) {
	f.BoolVar(&o.verify, "verify-secrets", false, "ask providers over the network whether the secrets found still work (sends each to its own provider)")
	f.StringArrayVar(&o.endpoints, "verify-endpoint", nil, "PROVIDER=URL of an instance of one's own to ask instead; may be repeated")
}

func (o *lookOptions) checkVerify() error {
	if len(o.endpoints) > 0 && !o.verify {
		return usage(errors.New("--verify-endpoint is given without --verify-secrets"))
	}
	for _, e := range o.endpoints {
		if _, err := verify.ParseEndpoint(e); err != nil {
			return usage(fmt.Errorf("--verify-endpoint: %w", err))
		}
	}
	return nil
}

// maxRuleFile bounds a file of rules.
const maxRuleFile = 16 << 20

func readRules(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxRuleFile+1))
	if err == nil && len(b) > maxRuleFile {
		err = fmt.Errorf("%s: larger than %d MiB", name, maxRuleFile>>20)
	}
	return b, err
}

// rules reads the files of rules. What of them does not run is said in words.
func (o *lookOptions) rules() (scan.Rules, error) {
	var r scan.Rules
	own := sha256.New()
	read := func(name string) ([]byte, error) {
		b, err := readRules(name)
		if err == nil {
			own.Write(b)
		}
		return b, err
	}
	if o.secretRules != "" {
		src, err := read(o.secretRules)
		if err != nil {
			return r, usage(fmt.Errorf("--secret-rules: %w", err))
		}
		rules, problems, err := gitleaks.Load(o.secretRules, src, secret.Rules(), read)
		if err != nil {
			return r, usage(fmt.Errorf("--secret-rules: %w", err))
		}
		r.Secrets = rules
		for _, p := range problems {
			r.Problems = append(r.Problems, "--secret-rules: "+p.String())
		}
		if !extendsBuiltIn(rules) {
			r.Problems = append(r.Problems, fmt.Sprintf("only the %d rules of %s looked for secrets, none of the built-in ones", len(rules), o.secretRules))
		}
	}
	for _, name := range o.malwareRules {
		src, err := read(name)
		if err != nil {
			return r, usage(fmt.Errorf("--malware-rules: %w", err))
		}
		rules, problems, err := yara.Parse(name, src)
		if err != nil {
			return r, usage(fmt.Errorf("--malware-rules: %w", err))
		}
		r.YARA = append(r.YARA, rules)
		for _, p := range problems {
			r.Problems = append(r.Problems, fmt.Sprintf("--malware-rules: %s: %s", name, p))
		}
	}
	if o.secretRules != "" || len(o.malwareRules) > 0 {
		r.Own = hex.EncodeToString(own.Sum(nil)[:8])
	}
	return r, nil
}

// extendsBuiltIn reports whether any built-in rule is among the rules.
func extendsBuiltIn(rules []secret.Rule) bool {
	builtin := map[string]bool{}
	for _, r := range secret.Rules() {
		builtin[r.ID+"\x00"+r.Pattern] = true
	}
	return slices.ContainsFunc(rules, func(r secret.Rule) bool { return builtin[r.ID+"\x00"+r.Pattern] })
}

// look makes the inspector that looks into files, and tells the scanner what it
// must know of it.
func (o *lookOptions) look(s *scan.Scanner) (*content.Inspector, error) {
	rules, err := o.rules()
	if err != nil {
		return nil, err
	}
	s.RuleProblems = rules.Problems
	if !o.verify {
		return scan.Content(rules, nil)
	}
	var endpoints []verify.Endpoint
	for _, text := range o.endpoints {
		e, err := verify.ParseEndpoint(text)
		if err != nil {
			return nil, usage(fmt.Errorf("--verify-endpoint: %w", err))
		}
		endpoints = append(endpoints, e)
	}
	v, err := verify.New(http.DefaultClient, endpoints...)
	if err != nil {
		return nil, usage(fmt.Errorf("--verify-endpoint: %w", err))
	}
	s.Vault = scan.NewVault()
	s.Verify = func(ctx context.Context, rule string, value []byte, beside map[string][]byte) (words string, works, refused bool) {
		state, err := v.Verify(ctx, rule, value, beside)
		words = state.String()
		if err != nil {
			words += ": " + strings.TrimPrefix(err.Error(), words+": ")
		}
		return words, state == verify.Active, state == verify.Inactive
	}
	return scan.Content(rules, s.Vault.Keep)
}
