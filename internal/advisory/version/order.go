package version

// SchemeOf returns the order of the versions of a purl type; Unknown for a
// type without one.
func SchemeOf(purlType string) Scheme {
	switch purlType {
	case "deb":
		return Deb
	case "apk":
		return Apk
	case "rpm":
		return RPM
	case "alpm":
		return Alpm
	case "npm":
		return Npm
	case "golang":
		return Go
	case "pypi":
		return Python
	case "maven":
		return Maven
	case "gem":
		return Gem
	case "cran":
		return CRAN
	case "composer", "nuget", "cargo", "hex", "pub", "conan", "swift":
		return Segmented
	}
	return Unknown
}

// Order compares two versions of a purl type; ok is false where either can't
// be read.
func Order(purlType, a, b string) (c int, ok bool) {
	s := SchemeOf(purlType)
	v, err := Parse(s, a)
	if err != nil {
		return 0, false
	}
	w, err := Parse(s, b)
	if err != nil {
		return 0, false
	}
	c, err = v.Compare(w)
	return c, err == nil
}
