package secret

import (
	"encoding/binary"
	"strings"
)

// macaroon reports whether b is a macaroon of the second version that ends where
// its signature does: a location, an identifier, caveats, a signature
// (https://github.com/rescrv/libmacaroons/blob/master/doc/format.txt).
func macaroon(b []byte) bool {
	const (
		endOfSection   = 0
		location       = 1
		identifier     = 2
		signature      = 6
		signatureBytes = 32
	)
	if len(b) == 0 || b[0] != 2 {
		return false
	}
	identified, ended := false, 0
	for b = b[1:]; len(b) > 0; {
		kind := b[0]
		b = b[1:]
		if kind == endOfSection {
			ended++
			continue
		}
		n, used := binary.Uvarint(b)
		if used <= 0 || n > uint64(len(b)-used) {
			return false
		}
		if kind == signature {
			return identified && ended >= 2 && n == signatureBytes && len(b)-used == signatureBytes
		}
		identified = identified || kind == identifier
		if kind > 4 || (kind == location && identified && ended == 0) {
			return false
		}
		b = b[used+int(n):]
	}
	return false
}

// madeMacaroon makes a sample of one caveat.
func madeMacaroon(location string) []byte {
	b := append([]byte{2, 1, byte(len(location))}, location...)
	b = append(append(b, 2, 36), madeUUID()...)
	caveat := `[3,"` + madeUUID() + `"]`
	b = append(append(b, 0, 2, byte(len(caveat))), caveat...)
	return append(append(b, 0, 0, 6, 32), made(base64Std, 32)...)
}

// bech32Letters is the alphabet of Bech32 (BIP 173), in the order of its digits.
const bech32Letters = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

// bech32 reports whether the checksum of a string of Bech32 fits (BIP 173). Its
// letters are all of one case.
func bech32(text string) bool {
	if text != strings.ToUpper(text) && text != strings.ToLower(text) {
		return false
	}
	text = strings.ToLower(text)
	at := strings.LastIndexByte(text, '1')
	if at < 1 || len(text)-at < 7 {
		return false
	}
	digits, ok := bech32Digits(text[:at], text[at+1:])
	return ok && bech32Polymod(digits) == 1
}

func bech32Digits(human, data string) ([]byte, bool) {
	var digits []byte
	for _, c := range []byte(human) {
		digits = append(digits, c>>5)
	}
	digits = append(digits, 0)
	for _, c := range []byte(human) {
		digits = append(digits, c&31)
	}
	for _, c := range []byte(data) {
		d := strings.IndexByte(bech32Letters, c)
		if d < 0 {
			return nil, false
		}
		digits = append(digits, byte(d))
	}
	return digits, true
}

func bech32Polymod(digits []byte) uint32 {
	generator := [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3}
	sum := uint32(1)
	for _, d := range digits {
		top := sum >> 25
		sum = sum&0x1ffffff<<5 ^ uint32(d)
		for i, g := range generator {
			if top>>i&1 == 1 {
				sum ^= g
			}
		}
	}
	return sum
}

// withBech32 completes a sample.
func withBech32(human, data string) string {
	digits, _ := bech32Digits(human, data+"qqqqqq")
	sum := bech32Polymod(digits) ^ 1
	for i := range 6 {
		data += string(bech32Letters[sum>>(5*(5-i))&31])
	}
	return human + "1" + data
}
