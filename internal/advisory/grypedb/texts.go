package grypedb

import "slices"

// texts holds one short text for each row of a table, some sixteen bytes
// beside the text and no pointer each. Rows are added in the order of their ids.
type texts struct {
	ids  []int64
	ends []int
	data []byte
}

func (t *texts) add(id int64, text []byte) {
	t.data = append(t.data, text...)
	t.ids = append(t.ids, id)
	t.ends = append(t.ends, len(t.data))
}

// get returns the text of a row; it must not be changed.
func (t *texts) get(id int64) ([]byte, bool) {
	i, ok := t.find(id)
	if !ok {
		return nil, false
	}
	start := 0
	if i > 0 {
		start = t.ends[i-1]
	}
	return t.data[start:t.ends[i]:t.ends[i]], true
}

// find tries first where a table without gaps has the row.
func (t *texts) find(id int64) (int, bool) {
	if len(t.ids) == 0 {
		return 0, false
	}
	if i := id - t.ids[0]; i >= 0 && i < int64(len(t.ids)) && t.ids[i] == id {
		return int(i), true
	}
	return slices.BinarySearch(t.ids, id)
}
