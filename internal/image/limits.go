package image

// Limits on what an image may claim. They are far above what builders make and
// far below what hurts; beyond one the error wraps ErrTooLarge.
const (
	// maxManifest bounds a manifest, an index, and an archive's manifest.json.
	// Registries accept 4 MiB.
	maxManifest = 4 << 20
	// maxConfig bounds a configuration.
	maxConfig = 8 << 20
	// maxHeldJSON bounds all JSON of an archive that can't be read twice.
	maxHeldJSON = 64 << 20
	// maxLayers bounds the layers of one image. Docker stops at 127.
	maxLayers = 4096
	// maxEntries bounds the entries of an archive.
	maxEntries = 200_000
	// maxCandidates bounds the manifests of an index, nested ones included.
	maxCandidates = 1024
	// maxNesting bounds how deep indexes may nest.
	maxNesting = 4
	// maxLinks bounds a chain of links between an archive's entries.
	maxLinks = 16
	// maxTags bounds the tags listed of one repository, maxTagPages the pages that
	// they come in. The largest repositories of Docker Hub have some ten thousand.
	maxTags     = 100_000
	maxTagPages = 1000
	// tagPage is how many tags are asked for at once; registries give fewer.
	tagPage = 1000
	// maxAttestations bounds the attestation manifests of one image and the
	// statements read of them, maxAttestation one statement.
	maxAttestations = 8
	maxAttestation  = maxConfig
	// maxEngineAnswer bounds an engine's JSON answers.
	maxEngineAnswer = 8 << 20
	// maxErrorBody bounds what is read of an error answer.
	maxErrorBody = 64 << 10
	// bombFloor and bombRatio stop an archive whose compression as a whole
	// hides a bomb: beyond bombFloor decompressed bytes, more than bombRatio
	// of them for each stored one is not what layers look like.
	bombFloor = 4 << 30
	bombRatio = 200
)
