package foreign

import (
	"errors"
	"fmt"
	"iter"

	"go.yaml.in/yaml/v3"
)

// yamlNode is a node of a foreign file, read as far as it is what is expected.
type yamlNode struct{ *yaml.Node }

// parseYAML reads the first document. Aliases are refused: a few lines of them can
// stand for any number of nodes.
func parseYAML(file string, source []byte) (yamlNode, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(source, &root); err != nil {
		return yamlNode{}, fmt.Errorf("%s: %w: %w", file, ErrFormat, err)
	}
	if err := withoutAliases(&root); err != nil {
		return yamlNode{}, fmt.Errorf("%s: %w", file, err)
	}
	if len(root.Content) == 0 {
		return yamlNode{&yaml.Node{Kind: yaml.MappingNode}}, nil
	}
	if root.Content[0].Kind != yaml.MappingNode {
		return yamlNode{}, fmt.Errorf("%s: %w: a mapping of keys is asked for", file, ErrFormat)
	}
	return yamlNode{root.Content[0]}, nil
}

func withoutAliases(n *yaml.Node) error {
	if n.Kind == yaml.AliasNode {
		return errors.New("aliases of YAML are not read: write them out")
	}
	for _, c := range n.Content {
		if err := withoutAliases(c); err != nil {
			return err
		}
	}
	return nil
}

func (n yamlNode) there() bool { return n.Node != nil }

func (n yamlNode) mapping() bool { return n.Node != nil && n.Kind == yaml.MappingNode }

// pairs are a mapping's keys and values, in the file's order.
func (n yamlNode) pairs() iter.Seq2[string, yamlNode] {
	return func(yield func(string, yamlNode) bool) {
		if n.Node == nil || n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i].Value, yamlNode{n.Content[i+1]}) {
				return
			}
		}
	}
}

// items are a list's; ok is false for what is none. Nothing (null) is an empty one.
func (n yamlNode) items() (list []yamlNode, ok bool) {
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		return nil, true
	case n.Kind != yaml.SequenceNode:
		return nil, false
	}
	out := make([]yamlNode, len(n.Content))
	for i, c := range n.Content {
		out[i] = yamlNode{c}
	}
	return out, true
}

// text is a key's scalar, empty without one.
func (n yamlNode) text(key string) string {
	for k, v := range n.pairs() {
		if k == key && v.Kind == yaml.ScalarNode {
			return v.Value
		}
	}
	return ""
}

// texts are a list's scalars; ok is false where it holds anything else.
func (n yamlNode) texts() (list []string, ok bool) {
	items, ok := n.items()
	for _, item := range items {
		if item.Kind != yaml.ScalarNode {
			return nil, false
		}
		list = append(list, item.Value)
	}
	return list, ok
}
