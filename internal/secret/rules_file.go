package secret

import "strings"

// baseName is the last element of a path; within archives that is enough too.
func baseName(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }
