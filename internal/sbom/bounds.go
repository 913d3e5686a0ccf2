package sbom

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// An empty object takes two bytes of a document and hundreds in memory. Documents
// of real tools have some fifty bytes an object and some twenty a value, so what
// is denser by far is refused before it is decoded.
const (
	freeObjects, objectBytes = 100_000, 24
	freeValues, valueBytes   = 500_000, 6
)

// dense refuses a document with more objects, or values, than its length allows.
func dense(content []byte) error {
	objects, values := 0, 0
	for i := 0; i < len(content); i++ {
		switch content[i] {
		case '"':
			for i++; i < len(content) && content[i] != '"'; i++ {
				if content[i] == '\\' {
					i++
				}
			}
		case '{':
			objects++
		case ',', '[':
			values++
		}
	}
	if objects > freeObjects+len(content)/objectBytes || values > freeValues+len(content)/valueBytes {
		return fmt.Errorf("%w: %d objects and %d values in %d bytes", ErrLimit, objects, values, len(content))
	}
	return nil
}

// each decodes a list element by element, so that a bound met in the middle
// ends it before the rest takes memory. null and nothing are empty lists.
func each[T any](list []byte, take func(*T) error) error {
	list = bytes.TrimSpace(list)
	if len(list) == 0 || bytes.Equal(list, []byte("null")) {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(list))
	if t, err := d.Token(); err != nil {
		return err
	} else if t != json.Delim('[') {
		return errors.New("a list is none")
	}
	for d.More() {
		var element T
		if err := d.Decode(&element); err != nil {
			return err
		}
		if err := take(&element); err != nil {
			return err
		}
	}
	return nil
}
