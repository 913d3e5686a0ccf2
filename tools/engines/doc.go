// Package engines holds plimsoll against real engines, a real registry and the
// archives that other tools write. It has tests only; tools/engines.sh starts
// what they need and runs them. Elsewhere they are skipped.
package engines
