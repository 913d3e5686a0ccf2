package inflate

const (
	maxLiterals  = 286
	maxDistances = 30
	maxCode      = 15

	// The first bits of a code choose an entry; that of a longer code leads to
	// further ones behind them, chosen by the rest.
	litlenBits  = 11
	distBits    = 8
	precodeBits = 7
	litlenMask  = 1<<litlenBits - 1
	distMask    = 1<<distBits - 1

	// What is known of a symbol, in one entry; see Reader.many. Links hold how many
	// bits choose between their entries where others hold the length of their code.
	isLiteral  = 1 << 31
	isOther    = 1 << 15
	isLink     = 1 << 14
	isEnd      = 1 << 13
	codeShift  = 8
	valueShift = 16
)

// Each table has room for the most entries that codes of up to fifteen bits can
// lead to: 2,342 for 288 symbols at eleven bits and 402 for 32 at eight, as
// examples/enough.c of zlib counts them.
type (
	litlenTable  [2400]uint32
	distTable    [416]uint32
	precodeTable [1 << precodeBits]uint32
)

type tables struct {
	litlen  litlenTable
	dist    distTable
	precode precodeTable
}

// codeOrder is the order of the code lengths' own lengths (RFC 1951, 3.2.7).
var codeOrder = [...]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// symbols are the entries of symbols without their codes' lengths.
var (
	litlenSymbols  = litlenEntries()
	distSymbols    = distEntries()
	precodeSymbols = precodeEntries()
)

// litlenEntries follows RFC 1951, 3.2.5; 286 and 287 never stand in a stream.
func litlenEntries() (e [288]uint32) {
	for i := range 256 {
		e[i] = isLiteral | uint32(i)<<valueShift
	}
	e[256] = isOther | isEnd
	least := uint32(3)
	for i := 257; i < 285; i++ {
		extra := uint32(max(0, (i-261)/4))
		e[i] = least<<valueShift | extra
		least += 1 << extra
	}
	e[285] = maxMatch << valueShift
	e[286], e[287] = isOther, isOther
	return e
}

func distEntries() (e [32]uint32) {
	least := uint32(1)
	for i := range maxDistances {
		extra := uint32(max(0, i/2-1))
		e[i] = least<<valueShift | extra
		least += 1 << extra
	}
	e[30], e[31] = isOther, isOther
	return e
}

func precodeEntries() (e [19]uint32) {
	for i := range e {
		e[i] = uint32(i) << valueShift
	}
	return e
}

// fixed are the codes of RFC 1951, 3.2.6.
var fixed = fixedTables()

func fixedTables() *tables {
	var lengths [288]uint8
	for i := range lengths {
		switch {
		case i < 144:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		case i < 280:
			lengths[i] = 7
		default:
			lengths[i] = 8
		}
	}
	t := &tables{}
	t.litlen.build(lengths[:])
	var five [32]uint8
	for i := range five {
		five[i] = 5
	}
	t.dist.build(five[:])
	return t
}

func (t *litlenTable) build(lengths []uint8) bool {
	return build(t[:], litlenBits, lengths, litlenSymbols[:])
}

func (t *distTable) build(lengths []uint8) bool {
	return build(t[:], distBits, lengths, distSymbols[:])
}

func (t *precodeTable) build(lengths []uint8) bool {
	return build(t[:], precodeBits, lengths, precodeSymbols[:])
}

// build fills a table with the codes of these lengths (RFC 1951, 3.2.2). False:
// the lengths are those of no code. As everywhere, a single code of one bit may
// leave the other bit unused, and no codes at all are an error once one is read.
func build(table []uint32, first int, lengths []uint8, symbols []uint32) bool {
	var count [maxCode + 1]int
	for _, n := range lengths {
		count[n]++
	}
	count[0] = 0
	longest := maxCode
	for longest > 0 && count[longest] == 0 {
		longest--
	}
	// sorted are the symbols that have codes, by length and then by value.
	var at [maxCode + 2]int
	code := 0
	for n := 1; n <= longest; n++ {
		code = code<<1 + count[n]
		at[n+1] = at[n] + count[n]
	}
	if code != 1<<longest && longest > 1 || code > 1<<longest {
		return false
	}
	var sorted [288]uint16
	next := at
	for symbol, n := range lengths {
		if n > 0 {
			sorted[next[n]] = uint16(symbol)
			next[n]++
		}
	}
	fill(table, first, longest, &count, sorted[:at[longest+1]], symbols)
	return true
}

// fill writes the entries. Codes are turned around, so that those of n bits stand
// at every 2^n-th place: a table of n bits is written by codes of up to n bits, and
// doubled for the next.
func fill(table []uint32, first, longest int, count *[maxCode + 1]int, sorted []uint16, symbols []uint32) {
	code, k := 0, 0
	size := 1
	table[0] = isOther // where there are no codes, or only one
	for n := 1; n <= min(longest, first); n++ {
		copy(table[size:2*size], table[:size])
		size *= 2
		code <<= 1
		for range count[n] {
			symbol := symbols[sorted[k]]
			table[reversed(code, n)] = symbol + uint32(n)<<codeShift + uint32(n)
			code, k = code+1, k+1
		}
	}
	for ; size < 1<<first; size *= 2 {
		copy(table[size:2*size], table[:size])
	}
	free := size
	part := -1 // the first bits of the codes that are being written
	width := 0
	for n := first + 1; n <= longest; n++ {
		code <<= 1
		for left := count[n]; left > 0; left-- {
			turned := reversed(code, n)
			if head := turned & (1<<first - 1); head != part {
				part = head
				// As wide as the codes that begin alike fill.
				width = n - first
				for filled := left; width+first < longest && filled < 1<<width; {
					width++
					filled = filled<<1 + count[first+width]
				}
				table[head] = isOther | isLink | uint32(free)<<valueShift | uint32(width)<<codeShift | uint32(first)
				free += 1 << width
			}
			start := int(table[part] >> valueShift & 0x7fff)
			symbol := symbols[sorted[k]]
			rest := n - first
			for i := turned >> first; i < 1<<width; i += 1 << rest {
				table[start+i] = symbol + uint32(rest)<<codeShift + uint32(rest)
			}
			code, k = code+1, k+1
		}
	}
}
