package report

import (
	"reflect"

	"plimsoll/internal/account"
	"plimsoll/internal/advisory"
	"plimsoll/internal/evidence"
	"plimsoll/internal/hygiene"
	"plimsoll/internal/inventory"
	"plimsoll/internal/reconcile"
	"plimsoll/internal/secret"
	"plimsoll/internal/triage"
	"plimsoll/internal/verdict"
)

// vocabularies are the words that each enumeration allows.
func vocabularies() map[reflect.Type][]string {
	severities := make([]string, 0, advisory.Critical+1)
	for s := advisory.Unknown; s <= advisory.Critical; s++ {
		severities = append(severities, s.String())
	}
	causes := make([]string, 0, 16)
	for _, c := range reconcile.Causes() {
		causes = append(causes, string(c.Cause))
	}
	return map[reflect.Type][]string{
		reflect.TypeFor[advisory.Severity](): severities,
		reflect.TypeFor[reconcile.Cause]():   causes,
		reflect.TypeFor[advisory.FixState](): text(advisory.FixUnknown, advisory.Fixed, advisory.NotFixed, advisory.WontFix,
			advisory.FixDeferred, advisory.EndOfLife, advisory.NotAffected, advisory.UnderReview),
		reflect.TypeFor[advisory.MatchedBy](): text(advisory.BySource, advisory.ByBinary, advisory.ByEcosystem, advisory.ByCPE),
		reflect.TypeFor[inventory.Liveness](): text(inventory.Visible, inventory.Shadowed, inventory.Deleted, inventory.Ghost, inventory.InConfig),
		reflect.TypeFor[triage.Disposition](): text(triage.Rebuild, triage.Defer, triage.Track, triage.Accepted),
		reflect.TypeFor[triage.Kind]():        text(triage.Vulnerability, triage.EndOfLife, triage.Secret, triage.Malware, triage.Provenance),
		reflect.TypeFor[triage.ActionKind](): text(triage.BumpBase, triage.UpgradePackage, triage.BumpDependency,
			triage.RebuildBinary, triage.UpgradeRuntime, triage.ChangeRelease, triage.RefreshLayer,
			triage.RotateSecret, triage.RemoveCode, triage.Reinstall),
		reflect.TypeFor[secret.Confidence](): {secret.Possible.String(), secret.Likely.String(), secret.Certain.String()},
		reflect.TypeFor[account.Status]():    text(account.Statuses()...),
		reflect.TypeFor[evidence.ExecutableKind](): text(evidence.Program, evidence.Library, evidence.Script, evidence.Windows,
			evidence.Darwin, evidence.Bytecode, evidence.Unknown, evidence.Nominal, evidence.Link, evidence.LinkerCache),
		reflect.TypeFor[hygiene.Category](): text(hygiene.Categories()...),
		reflect.TypeFor[verdict.Decision](): text(verdict.DoNotRun, verdict.RebuildNow, verdict.RebuildSoon, verdict.TrackOnly,
			verdict.NothingFound, verdict.NoneKnown, verdict.Incomplete),
	}
}

func text[T ~string](values ...T) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = string(v)
	}
	return list
}

// descriptions say what each object and each of its fields is, by the names
// that the schema gives them. Schema fails on a field that is missing here.
func descriptions() map[string]string {
	all := map[string]string{}
	for _, part := range []map[string]string{verdictText(), imageText(), coverageText(), findingText(), contentText(), accountText(), inventoryText(), reconcileText(), advisoryText()} {
		for key, value := range part {
			all[key] = value
		}
	}
	return all
}

func verdictText() map[string]string {
	return map[string]string{
		"Report":                 "One run's verdicts.",
		"Report.schemaVersion":   "Version of this shape. It rises when a field changes its meaning or goes away; new fields don't raise it.",
		"Report.tool":            "The program that made the report.",
		"Report.verdicts":        "One verdict for each image and platform, in the order asked.",
		"Report.status":          "The run's exit status: 0 pass, 1 the gate failed, 2 usage, 3 scan incomplete, 4 database missing or stale, 130 interrupted.",
		"Tool":                   "The program that made the report.",
		"Tool.name":              "Its name.",
		"Tool.version":           "Its version, as its build recorded it.",
		"Verdict":                "Everything known about one image for one platform.",
		"Verdict.image":          "What was judged.",
		"Verdict.headline":       "The verdict in one line.",
		"Verdict.actions":        "What to do, ordered by what each action clears, the most urgent first.",
		"Verdict.findings":       "What is wrong, ordered by disposition, known exploitation, severity, EPSS and CVSS.",
		"Verdict.packages":       "Every installed package, ordered by type, name, version and path.",
		"Verdict.reconciliation": "The databases' opinions side by side.",
		"Verdict.hygiene":        "What is wrong with the image beside its packages and secrets.",
		"Verdict.account":        "The account of every executable.",
		"Verdict.coverage":       "What was examined, and what this verdict does not rule out.",
		"Verdict.gate":           "The outcome of the rules the run was asked to fail on; absent where there were none.",
		"Headline":               "The verdict in one line.",
		"Headline.decision":      "The decision in a word or two.",
		"Headline.text":          "The whole line.",
		"Headline.fixable":       "Counts, by severity, of vulnerability findings with a fix in packages of the final image.",
		"Headline.unfixed":       "Counts, by severity, of vulnerability findings without a fix in packages of the final image.",
		"Headline.secrets":       "Secrets that are likely or certain.",
		"Headline.planted":       "Signs of planted code that are likely or certain.",
		"Headline.altered":       "Executables that differ from their packages' records.",
		"Headline.hygiene":       "Findings of hygiene by severity.",
		"Hygiene":                "One thing that is wrong with the image beside its packages: a root user, a debug port, a tool left behind.",
		"Hygiene.id":             "Stable across rebuilds that leave it in place.",
		"Hygiene.rule":           "The rule's identifier, which docs/lint-rules.md describes.",
		"Hygiene.title":          "The rule in a few words.",
		"Hygiene.severity":       "What it costs the image that runs.",
		"Hygiene.category":       "The part of the image that it is about.",
		"Hygiene.message":        "What is wrong in this place.",
		"Hygiene.remedy":         "What to do about it.",
		"Hygiene.where":          "The place: a history line, a field of the configuration, the files.",
		"Hygiene.base":           "Set for what came with the image's base.",
		"Hygiene.acceptance":     "Who accepts it, and why; absent where nobody does.",
		"Headline.possible":      "Findings about content that are only possible: a person has to judge them.",
		"Gate":                   "The outcome of the rules the run was asked to fail on.",
		"Gate.failOn":            "The rules.",
		"Gate.failed":            "Whether any rule is broken.",
		"Gate.reasons":           "One line for each broken rule.",
	}
}

func imageText() map[string]string {
	return map[string]string{
		"Image":              "What was judged.",
		"Image.reference":    "The reference as the user wrote it.",
		"Image.name":         "The canonical name, or the name that an archive gives.",
		"Image.source":       "The kind of source: registry, docker, podman, docker-archive, oci-layout, oci-archive, dir.",
		"Image.via":          "The source in words.",
		"Image.digest":       "The manifest's digest; absent where the source keeps none.",
		"Image.indexDigest":  "The digest of the index that the manifest was chosen from.",
		"Image.configDigest": "The configuration's digest, Docker's image ID.",
		"Image.platform":     "The platform judged: os/architecture[/variant].",
		"Image.platforms":    "All platforms that the reference offers.",
		"Image.created":      "When the image says it was created.",
		"Image.distribution": "What os-release says; absent where no layer holds one.",
		"Image.base":         "What is known of the image's base.",
		"Image.layers":       "The layers, base first.",
		"Image.notes":        "Choices made for the user, such as which source or platform.",
		"Base":               "What is known of the image's base.",
		"Base.layers":        "How many layers, from the first, belong to the base; 0 where none is known.",
		"Base.name":          "The base's reference where the image says it.",
		"Base.reason":        "How the base was told.",
		"Layer":              "One layer with what was counted in it.",
		"Layer.digest":       "The digest of the blob as stored.",
		"Layer.size":         "Length of the uncompressed tar in bytes.",
		"Layer.files":        "Entries of the tar.",
		"Layer.packages":     "Packages that first appeared in this layer.",
	}
}

func coverageText() map[string]string {
	return map[string]string{
		"Coverage":                "What was examined, and what this verdict does not rule out.",
		"Coverage.complete":       "False where anything could not be examined; such a verdict is never a clean bill.",
		"Coverage.databases":      "The database copies that were asked.",
		"Coverage.layers":         "Layers examined.",
		"Coverage.files":          "Entries of all layers' tars.",
		"Coverage.bytes":          "Length of all layers' uncompressed tars.",
		"Coverage.packagesByType": "Counts of packages by purl type.",
		"Coverage.skipped":        "What was not, or not fully, examined.",
		"Coverage.notExamined":    "Kinds of things that were not looked at at all, since an SBOM was examined in the place of the image.",
		"Coverage.gaps":           "What each database cannot judge, by database name.",
		"Coverage.warnings":       "Warnings about the databases, the platform, and exceptions that ended.",
		"Coverage.exceptions":     "What exceptions and VEX documents did; absent without any.",
		"Coverage.notRuledOut":    "What this verdict does not rule out, in plain sentences.",
		"Exceptions":              "What exceptions and VEX documents did to a verdict.",
		"Exceptions.from":         "The files that were read.",
		"Exceptions.accepted":     "Findings, those of hygiene included, that one of them accepts.",
		"Exceptions.expired":      "Exceptions past their last day that still meet something; what they meet counts.",
		"Exceptions.unused":       "Exceptions meant for the image that nothing met.",
		"Skipped":                 "Something that was not, or not fully, examined.",
		"Skipped.layer":           "The layer it was met in, counted from 0; -1 where no layer was read.",
		"Problem.path":            "The file; absent where the layer as a whole is meant.",
		"Problem.inspector":       "The inspector concerned.",
		"Problem.reason":          "What happened.",
		"Problem.incomplete":      "Whether the verdict can't be called complete because of it.",
		"Gap":                     "Something that a database cannot judge.",
		"Gap.subject":             "A distribution release or a purl type.",
		"Gap.packages":            "How many packages it concerns.",
		"Gap.reason":              "Why.",
		"Gap.distribution":        "Whether it is about the whole distribution, so that every OS package falls into it.",
	}
}

func findingText() map[string]string {
	return map[string]string{
		"Finding":               "One thing wrong.",
		"Finding.id":            "Stable across rebuilds, tags and layer order.",
		"Finding.kind":          "What sort of thing it is.",
		"Finding.vulnerability": "The CVE or, without one, the first database's identifier.",
		"Finding.aliases":       "Its other identifiers.",
		"Finding.title":         "What it is, in one line.",
		"Finding.severity":      "The severity that decides.",
		"Finding.severityFrom":  "Who gave the severity.",
		"Finding.disposition":   "What it asks of its owner: rebuild (fixable and high or critical), defer (fixable, below the bar), track (no fix), accepted.",
		"Finding.packageID":     "The package's id; absent for a finding about the image as a whole.",
		"Finding.package":       "The package's name as its ecosystem writes it.",
		"Finding.version":       "The installed version.",
		"Finding.path":          "The file that proves the package.",
		"Finding.liveness":      "Where the package stands in the final image.",
		"Finding.origin":        "The layer where the package first appeared at this version.",
		"Finding.fix":           "What would clear it.",
		"Finding.cvss":          "The score that weighs most.",
		"Finding.epss":          "The likelihood of exploitation.",
		"Finding.kev":           "The entry in CISA's catalogue of known exploited vulnerabilities.",
		"Finding.heldBy":        "The databases that hold it.",
		"Finding.agreed":        "Whether the databases agree on it.",
		"Finding.differences":   "Where they don't, and why.",
		"Finding.evidence":      "What a finding about content rests on; absent for vulnerabilities and releases.",
		"Finding.clearedBy":     "The id of the action that clears it.",
		"Finding.acceptance":    "Who accepts it, and why; present where the disposition is accepted.",
		"Acceptance":            "An exception, or a VEX document's statement, that accepts a finding.",
		"Acceptance.id":         "Its place: a file and line, or a file and a JSON Pointer.",
		"Acceptance.by":         "The exception's owner, or the document's author.",
		"Acceptance.reason":     "Why, in one line.",
		"Acceptance.about":      "What it speaks of.",
		"Acceptance.until":      "Its last day, YYYY-MM-DD; absent for a VEX statement.",
		"Acceptance.expired":    "Set where that day is over: it accepts nothing.",
		"Fix":                   "What would clear a finding.",
		"Fix.state":             "Whether a fix exists or will.",
		"Fix.package":           "The package that the fixing versions are of; a source package for OS packages.",
		"Fix.versions":          "The fixing versions in ascending order.",
		"Fix.since":             "The day the fix became available, YYYY-MM-DD.",
		"Action":                "One change that clears one or more findings.",
		"Action.id":             "Named by findings in clearedBy.",
		"Action.kind":           "The sort of change.",
		"Action.title":          "The whole action in one line.",
		"Action.detail":         "What the title leaves out.",
		"Action.package":        "The package, where one is meant.",
		"Action.from":           "Its installed version.",
		"Action.to":             "The version to install.",
		"Action.clears":         "The ids of the findings that it clears.",
		"Action.urgent":         "How many of those have the disposition rebuild.",
	}
}

func contentText() map[string]string {
	return map[string]string{
		"Evidence":             "What a finding about a file's content, the configuration or history rests on.",
		"Evidence.rule":        "The identifier of the rule or detector.",
		"Evidence.confidence":  "How sure it is.",
		"Evidence.inside":      "Where in an archive, step by step, parted by exclamation marks.",
		"Evidence.line":        "The line, counted from 1; absent where there are none.",
		"Evidence.offset":      "Bytes from the beginning of the innermost file.",
		"Evidence.name":        "The variable or key that names a secret.",
		"Evidence.redacted":    "What stands for a secret's value: its public prefix and its length.",
		"Evidence.encoding":    "How the value was wrapped: base64, utf-16.",
		"Evidence.certificate": "The certificate of the image that a private key belongs to.",
		"Evidence.publishedBy": "The distribution's package that the file came with as it is: what it holds is known to everybody.",
		"Evidence.value":       "Equal for equal secrets, wherever they stand.",
		"Evidence.verified":    "What the provider said of it, where it was asked.",
		"Evidence.detail":      "What this one does.",
		"Evidence.excerpt":     "The code in question, short and without secrets.",
		"Evidence.rationale":   "Why an honest image holds no such thing.",
		"Evidence.techniques":  "Identifiers of MITRE ATT&CK.",
		"Evidence.by":          "The layer that overwrote or deleted the file.",
		"Evidence.also":        "Further places of the same thing.",
	}
}

func accountText() map[string]string {
	return map[string]string{
		"Account":               "The account of every executable: each program, library and script has an owner, or is named as one that has none.",
		"Account.executables":   "How many the final image shows.",
		"Account.byStatus":      "Counts of those by status.",
		"Account.lower":         "How many lower layers hold that the final image does not show.",
		"Account.lowerByStatus": "Counts of those by status.",
		"Account.builtBy":       "The steps that added executables which no package owns.",
		"Account.entries":       "Those that nobody vouches for (altered, unaccounted, built), the largest risk first; plimsoll account lists all.",
		"BuildStep":             "A step that added executables.",
		"BuildStep.layer":       "Its layer.",
		"BuildStep.executables": "How many it added.",
		"Entry":                 "One executable in one layer.",
		"Entry.path":            "Its path, without a leading slash.",
		"Entry.kind":            "What it is.",
		"Entry.mode":            "Its mode in the form of ls.",
		"Entry.uid":             "The user it belongs to.",
		"Entry.size":            "Its length in bytes.",
		"Entry.sha256":          "Its SHA-256.",
		"Entry.status":          "Whose it is.",
		"Entry.owner":           "The package that owns it, with its version.",
		"Entry.ownerType":       "The owner's purl type.",
		"Entry.reason":          "What the status rests on.",
		"Entry.configuration":   "Whether its package means it to be edited.",
		"Entry.capabilities":    "File capabilities.",
		"Entry.linkTo":          "The name that holds the bytes, where this is a further name; of a link, where it leads.",
		"Entry.layer":           "The layer that wrote it.",
		"Entry.liveness":        "Where it stands in the final image.",
		"Entry.by":              "The layer that overwrote or deleted it.",
		"Entry.risk":            "The larger the sooner to look at.",
		"Entry.risks":           "What makes it so.",
	}
}

func inventoryText() map[string]string {
	return map[string]string{
		"Package":                      "One piece of installed software.",
		"Package.type":                 "The purl type.",
		"Package.namespace":            "The purl namespace.",
		"Package.name":                 "The name.",
		"Package.version":              "The package manager's own full version.",
		"Package.arch":                 "The architecture.",
		"Package.source":               "The source package that an OS package was built from.",
		"Package.module":               "The RPM modularity label.",
		"Package.vendor":               "Who made or distributes the package.",
		"Package.licenses":             "The licences as the package's metadata names them.",
		"Package.cpes":                 "CPE names, of runtimes outside any package manager.",
		"Package.dependsOn":            "Names of packages of the same type that this one asks for.",
		"Package.requires":             "The ids of the packages that this one depends on, where an SBOM says which.",
		"Package.digests":              "Digests of the package itself: of what lies in an image, the file that is the package.",
		"Package.path":                 "The file that proves the package, or the archive that holds it.",
		"Package.inArchive":            "Where in the archive.",
		"Package.inspector":            "The inspector that found it.",
		"Package.id":                   "Unique within one verdict and stable across scans of the same image.",
		"Package.purl":                 "The canonical package URL.",
		"Package.liveness":             "Where the package stands in the final image: visible, shadowed (overwritten), deleted, or ghost (its record is gone while its files are not).",
		"Package.origin":               "The layer where the package first appeared at this version.",
		"Package.ownedBy":              "The id of the OS package that installed this package's files.",
		"Source":                       "A source package.",
		"Source.name":                  "Its name.",
		"Source.version":               "Its version.",
		"LayerRef":                     "A layer and the history line that made it.",
		"LayerRef.index":               "Counted from 0 at the base; -1 where no layer is known.",
		"LayerRef.diffID":              "The digest of the uncompressed tar.",
		"LayerRef.createdBy":           "The history line.",
		"Distribution":                 "What os-release says, with what else decides which advisories apply.",
		"Distribution.id":              "os-release's ID.",
		"Distribution.versionID":       "os-release's VERSION_ID.",
		"Distribution.versionCodename": "os-release's VERSION_CODENAME.",
		"Distribution.name":            "os-release's NAME.",
		"Distribution.prettyName":      "os-release's PRETTY_NAME.",
		"Distribution.idLike":          "os-release's ID_LIKE, nearest relative first.",
		"Distribution.cpe":             "os-release's CPE_NAME.",
		"Distribution.contentSets":     "Red Hat repository identifiers.",
		"Distribution.extended":        "The extended support that is enabled.",
		"Distribution.build":           "The name-version-release-architecture of the Red Hat image that the file system was built as.",
	}
}

func reconcileText() map[string]string {
	return map[string]string{
		"Reconciliation":           "The databases' opinions side by side.",
		"Reconciliation.sides":     "Each database's counts.",
		"Reconciliation.agreed":    "Records that all databases hold alike.",
		"Reconciliation.differing": "Records that they hold differently.",
		"Reconciliation.byCause":   "Counts of differences by cause; one record may count under several.",
		"Reconciliation.records":   "Every record, ordered by package id and identifier.",
		"Tally":                    "One database's counts.",
		"Tally.database":           "The database copy.",
		"Tally.records":            "Records that it holds.",
		"Tally.only":               "Records that it alone holds.",
		"Tally.fixable":            "Its records with a fix, by its own severity.",
		"Tally.unfixed":            "Its records without a fix, by its own severity.",
		"Record":                   "One vulnerability of one package as the databases see it.",
		"Record.packageID":         "The package's id.",
		"Record.id":                "The CVE where any database gives one, else the first database's identifier.",
		"Record.aliases":           "All other identifiers, sorted.",
		"Record.held":              "Each database's match.",
		"Record.agreed":            "Whether every database holds it with the same state, fixed versions and severity.",
		"Record.differences":       "Where they differ, and why.",
		"Held":                     "One database's match within a record.",
		"Held.database":            "The database's name.",
		"Held.match":               "The match.",
		"Difference":               "One cause with its particulars.",
		"Difference.cause":         "The cause.",
		"Difference.detail":        "The particulars in words.",
	}
}

func advisoryText() map[string]string {
	return map[string]string{
		"Info":                 "One database copy.",
		"Info.name":            "trivy-db or grype-db.",
		"Info.schema":          "The publisher's schema version.",
		"Info.built":           "When the publisher built it.",
		"Info.nextUpdate":      "When the publisher says to ask again.",
		"Info.digest":          "Identifies the copy.",
		"Info.from":            "Where the copy was obtained.",
		"Match":                "One advisory of one database that holds against one package.",
		"Match.packageID":      "The package's id.",
		"Match.id":             "The identifier under which the database lists it.",
		"Match.aliases":        "The other identifiers that the database gives.",
		"Match.severity":       "The severity.",
		"Match.severityFrom":   "Who gave it.",
		"Match.state":          "Whether a fix exists or will.",
		"Match.fixedIn":        "The versions that fix it.",
		"Match.fixedOn":        "When the fix became available, YYYY-MM-DD.",
		"Match.affected":       "The affected range as the database writes it.",
		"Match.by":             "Which identity of the package led to the advisory.",
		"Match.matchedName":    "The name that was looked up.",
		"Match.matchedVersion": "The version that was compared.",
		"Match.provider":       "The data source within the database.",
		"Match.cvss":           "The scores.",
		"Match.epss":           "The likelihood of exploitation.",
		"Match.kev":            "The entry in CISA's catalogue.",
		"CVSS":                 "One score by one source.",
		"CVSS.source":          "Who scored.",
		"CVSS.version":         "The version of CVSS.",
		"CVSS.vector":          "The vector.",
		"CVSS.score":           "The score, 0 to 10.",
		"EPSS":                 "FIRST's estimate that the CVE is exploited within 30 days.",
		"EPSS.probability":     "The probability, 0 to 1.",
		"EPSS.percentile":      "The share of all CVEs with a lower one, 0 to 1.",
		"EPSS.date":            "The day of the estimate, YYYY-MM-DD.",
		"KEV":                  "An entry of CISA's catalogue of known exploited vulnerabilities.",
		"KEV.dateAdded":        "When it was added, YYYY-MM-DD.",
		"KEV.dueDate":          "When United States agencies must have fixed it, YYYY-MM-DD.",
		"KEV.ransomware":       "Whether ransomware is known to use it.",
	}
}
