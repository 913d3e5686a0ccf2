package bump

import (
	"time"

	"plimsoll/internal/advisory"
	"plimsoll/internal/inventory"
	"plimsoll/internal/rebuild/base"
	"plimsoll/internal/verdict"
)

// SchemaVersion is the version of the JSON shape. It rises when a field changes
// its meaning or goes away; new fields don't raise it.
const SchemaVersion = 1

// Report is the advice of one run, one for each image and platform.
type Report struct {
	SchemaVersion int          `json:"schemaVersion"`
	Tool          verdict.Tool `json:"tool"`
	Advice        []Advice     `json:"advice"`
	// Status is the run's exit status.
	Status int `json:"status"`
}

// Decision is the advice in a word.
type Decision string

const (
	// Bump: a step is recommended.
	Bump Decision = "BUMP"
	// Stay: no candidate clears a fixable HIGH or CRITICAL.
	Stay Decision = "STAY"
	// Unknown: nobody names the base, or no candidate could be judged.
	Unknown Decision = "NOT KNOWN"
)

// Advice is what there is to do about one image's base.
type Advice struct {
	Decision Decision `json:"decision"`
	// Text is the whole line: "BUMP: python:3.8-slim → python:3.8.20-slim (patch): …".
	Text string `json:"text"`
	// Subject is the image, or the Dockerfile, that was asked about.
	Subject  string `json:"subject"`
	Platform string `json:"platform"`
	// Stage is set for a Dockerfile: its final stage, and the line of the FROM.
	Stage *Stage    `json:"stage,omitempty"`
	Base  base.Base `json:"base"`
	// Before is the base as it is in the image; nil where it could not be read.
	Before *Standing `json:"before,omitempty"`
	// Application counts the findings of the layers above the base, which no bump
	// changes; Replaced the base's packages that those layers replace or remove,
	// which are left out of every count.
	Application Counts `json:"application"`
	Replaced    int    `json:"replaced"`
	// Candidates are ordered by distance.
	Candidates []Candidate `json:"candidates"`
	// Recommended and Next are references of candidates; empty for none.
	Recommended string `json:"recommended,omitempty"`
	// Why and NextWhy say why in words.
	Why           string            `json:"why"`
	Next          string            `json:"next,omitempty"`
	NextWhy       string            `json:"nextWhy,omitempty"`
	NotConsidered []Left            `json:"notConsidered"`
	Databases     []advisory.Info   `json:"databases"`
	Notes         []string          `json:"notes,omitempty"`
	Skipped       []verdict.Skipped `json:"skipped,omitempty"`
	// Complete is false where the image, or what would have been a candidate, could
	// not be examined whole.
	Complete bool `json:"complete"`

	// current is set where a candidate turned out to be the base as it is.
	current bool
}

// Stage is where a Dockerfile names its base.
type Stage struct {
	Name string `json:"name,omitempty"`
	Line int    `json:"line"`
	From string `json:"from"`
}

// Counts count vulnerability findings by what they ask for.
type Counts struct {
	// Urgent have a fix and are high or critical; Fixable have a fix, the urgent
	// ones included; Unfixed have none.
	Urgent  int `json:"urgent"`
	Fixable int `json:"fixable"`
	Unfixed int `json:"unfixed"`
}

// Standing is how an image stands as a base.
type Standing struct {
	Counts   Counts `json:"counts"`
	Packages int    `json:"packages"`
	// Size is that of its uncompressed layers in bytes.
	Size         int64                   `json:"size"`
	Distribution *inventory.Distribution `json:"distribution,omitempty"`
	Support      Support                 `json:"support"`
	// Runtimes are the language runtimes it brings: "python 3.8.18".
	Runtimes []string `json:"runtimes,omitempty"`
}

// Support is until when its distribution's release gets fixes.
type Support struct {
	// Stage is distro.Support's word; Ends the last day of the stage that everyone
	// gets ("2006-01-02"), empty where it is not known or the release rolls on.
	Stage   string `json:"stage"`
	Ends    string `json:"ends,omitempty"`
	Covered bool   `json:"covered"`
	ends    time.Time
}

// Candidate is one image that could be the base.
type Candidate struct {
	Reference string `json:"reference"`
	// Also are other names of the same image.
	Also   []string `json:"also,omitempty"`
	Digest string   `json:"digest,omitempty"`
	// From is what a FROM should say, pinned by digest; empty where the image has no
	// name that a builder could pull.
	From     string    `json:"from,omitempty"`
	Created  time.Time `json:"created,omitzero"`
	Distance Distance  `json:"distance"`
	// Told says how the distance was told: from tags, or from what is in the image.
	Told string `json:"told"`
	// Clears are findings of the base that are gone, counted by what the base's
	// ask for; Adds are new ones and Remains those in both, counted by what the
	// candidate's ask for.
	Clears  Counts `json:"clears"`
	Adds    Counts `json:"adds"`
	Remains Counts `json:"remains"`
	// Gain is Clears.Urgent less Adds.Urgent.
	Gain int `json:"gain"`
	Standing
	// Blocked are reasons why it is not recommended whatever it clears.
	Blocked []string `json:"blocked,omitempty"`
	Notes   []string `json:"notes,omitempty"`
	// Cleared, Added and Remaining are the findings themselves.
	Cleared   []Vulnerability `json:"cleared"`
	Added     []Vulnerability `json:"added"`
	Remaining []Vulnerability `json:"remaining"`
}
