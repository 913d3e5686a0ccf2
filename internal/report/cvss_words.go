package report

// metric is one metric of CVSS with the meaning of each value. The values and
// what they mean are FIRST's (https://www.first.org/cvss, the specification
// documents of versions 2.0, 3.1 and 4.0); the words are ours.
type metric struct {
	key, name string
	values    []meaning
}

type meaning struct {
	value, words string
}

// say puts a value into words; a value without any stays as it is.
func (m *metric) say(value string) string {
	for _, v := range m.values {
		if v.value == value {
			return v.words
		}
	}
	return value
}

// impact is the wording of the none/low/high impact metrics.
func impact(none, low, high string) []meaning {
	return []meaning{{"N", "none: " + none}, {"L", "low: " + low}, {"H", "high: " + high}}
}

// requirements is the wording of how much a property matters to the user.
func requirements() []meaning {
	return []meaning{{"L", "low: a loss would matter little here"}, {"M", "medium: a loss would be serious here"}, {"H", "high: a loss would be disastrous here"}}
}

// cvss20 lists the metrics of CVSS 2.0 in its order.
func cvss20() []metric {
	impact := func(what string) []meaning {
		return []meaning{{"N", "none: " + what + " does not suffer"}, {"P", "partial: " + what + " suffers in part"}, {"C", "complete: " + what + " is lost altogether"}}
	}
	return []metric{
		{"AV", "access vector", []meaning{{"N", "network: from anywhere that reaches the service"}, {"A", "adjacent network: from the same network only"}, {"L", "local: needs access to the machine"}}},
		{"AC", "access complexity", []meaning{{"L", "low: works whenever it is tried"}, {"M", "medium: needs somewhat unusual conditions"}, {"H", "high: needs rare conditions"}}},
		{"Au", "authentication", []meaning{{"N", "none: no login is needed"}, {"S", "single: one login is needed"}, {"M", "multiple: two or more logins are needed"}}},
		{"C", "confidentiality impact", impact("secrecy of the data")},
		{"I", "integrity impact", impact("correctness of the data")},
		{"A", "availability impact", impact("the service")},
		{"E", "exploitability", []meaning{{"U", "unproven: no exploit is known"}, {"POC", "proof of concept: a demonstration exists"}, {"F", "functional: an exploit works in most cases"}, {"H", "high: an exploit works everywhere, or none is needed"}}},
		{"RL", "remediation level", []meaning{{"OF", "official fix: the vendor has fixed it"}, {"TF", "temporary fix: the vendor offers a stopgap"}, {"W", "workaround: others offer one"}, {"U", "unavailable: there is none"}}},
		{"RC", "report confidence", []meaning{{"UC", "unconfirmed: a single report"}, {"UR", "uncorroborated: several reports that differ"}, {"C", "confirmed: by the vendor or a working exploit"}}},
		{"CDP", "collateral damage", []meaning{{"N", "none"}, {"L", "low: slight damage or loss"}, {"LM", "low to medium: moderate damage or loss"}, {"MH", "medium to high: significant damage or loss"}, {"H", "high: catastrophic damage or loss"}}},
		{"TD", "target distribution", []meaning{{"N", "none: no such system here"}, {"L", "low: up to a quarter of the systems here"}, {"M", "medium: up to three quarters of the systems here"}, {"H", "high: more than three quarters of the systems here"}}},
		{"CR", "confidentiality requirement", requirements()},
		{"IR", "integrity requirement", requirements()},
		{"AR", "availability requirement", requirements()},
	}
}

// attackVector is the wording that versions 3 and 4 share.
func attackVector() []meaning {
	return []meaning{
		{"N", "network: from anywhere that reaches the service"},
		{"A", "adjacent: from the same network or within radio range"},
		{"L", "local: from the machine itself, or by a file the user opens"},
		{"P", "physical: with a hand on the device"},
	}
}

// privileges is the wording that versions 3 and 4 share.
func privileges() []meaning {
	return []meaning{{"N", "none: no account is needed"}, {"L", "low: an ordinary user's account is needed"}, {"H", "high: an administrator's account is needed"}}
}

func confidentiality() []meaning {
	return impact("nothing is disclosed", "some data is disclosed, not of the attacker's choice", "all data, or the data that counts, is disclosed")
}

func integrity() []meaning {
	return impact("nothing can be changed", "some data can be changed, without serious effect", "any data, or the data that counts, can be changed")
}

func availability() []meaning {
	return impact("the service keeps running", "the service gets slower or stops at times", "the service can be stopped")
}

// cvss3 lists the metrics of CVSS 3.0 and 3.1, which name and rank them alike.
func cvss3() []metric {
	complexity := []meaning{{"L", "low: works whenever it is tried"}, {"H", "high: needs conditions that the attacker can't control"}}
	interaction := []meaning{{"N", "none: nobody has to do anything"}, {"R", "required: somebody has to be led to do something"}}
	scope := []meaning{{"U", "unchanged: the harm stays with the vulnerable component"}, {"C", "changed: the harm reaches beyond the vulnerable component"}}
	return []metric{
		{"AV", "attack vector", attackVector()},
		{"AC", "attack complexity", complexity},
		{"PR", "privileges required", privileges()},
		{"UI", "user interaction", interaction},
		{"S", "scope", scope},
		{"C", "confidentiality impact", confidentiality()},
		{"I", "integrity impact", integrity()},
		{"A", "availability impact", availability()},
		{"E", "exploit code maturity", []meaning{{"U", "unproven: no exploit is known"}, {"P", "proof of concept: a demonstration exists"}, {"F", "functional: an exploit works in most cases"}, {"H", "high: an exploit works everywhere, or none is needed"}}},
		{"RL", "remediation level", []meaning{{"O", "official fix: the vendor has fixed it"}, {"T", "temporary fix: the vendor offers a stopgap"}, {"W", "workaround: others offer one"}, {"U", "unavailable: there is none"}}},
		{"RC", "report confidence", []meaning{{"U", "unknown: the cause is not certain"}, {"R", "reasonable: details are published, the cause is not proven"}, {"C", "confirmed: it can be reproduced, or the vendor says so"}}},
		{"CR", "confidentiality requirement", requirements()},
		{"IR", "integrity requirement", requirements()},
		{"AR", "availability requirement", requirements()},
		{"MAV", "attack vector here", attackVector()},
		{"MAC", "attack complexity here", complexity},
		{"MPR", "privileges required here", privileges()},
		{"MUI", "user interaction here", interaction},
		{"MS", "scope here", scope},
		{"MC", "confidentiality impact here", confidentiality()},
		{"MI", "integrity impact here", integrity()},
		{"MA", "availability impact here", availability()},
	}
}

// cvss40 lists the metrics of CVSS 4.0: base, threat, environmental, supplemental.
func cvss40() []metric {
	return append(cvss40Base(), cvss40Others()...)
}

func cvss40Base() []metric {
	return []metric{
		{"AV", "attack vector", attackVector()},
		{"AC", "attack complexity", complexity40()},
		{"AT", "attack requirements", requirements40()},
		{"PR", "privileges required", privileges()},
		{"UI", "user interaction", interaction40()},
		{"VC", "confidentiality, vulnerable system", confidentiality()},
		{"VI", "integrity, vulnerable system", integrity()},
		{"VA", "availability, vulnerable system", availability()},
		{"SC", "confidentiality, systems behind it", confidentiality()},
		{"SI", "integrity, systems behind it", integrity()},
		{"SA", "availability, systems behind it", availability()},
	}
}

func complexity40() []meaning {
	return []meaning{{"L", "low: no defence has to be got round"}, {"H", "high: a defence such as address randomisation has to be got round"}}
}

func requirements40() []meaning {
	return []meaning{{"N", "none: works in every deployment"}, {"P", "present: works only where the deployment or timing allows it"}}
}

func interaction40() []meaning {
	return []meaning{{"N", "none: nobody has to do anything"}, {"P", "passive: somebody has to use the system as usual"}, {"A", "active: somebody has to be led to do something particular"}}
}

// safety puts the value that only 4.0's modified impact metrics have first.
func safety(impact []meaning) []meaning {
	return append([]meaning{{"S", "safety: people may come to harm"}}, impact...)
}

func cvss40Others() []metric {
	return []metric{
		{"E", "exploit maturity", []meaning{{"A", "attacked: exploitation has been reported"}, {"P", "proof of concept: a demonstration exists"}, {"U", "unreported: no exploit is known"}}},
		{"CR", "confidentiality requirement", requirements()},
		{"IR", "integrity requirement", requirements()},
		{"AR", "availability requirement", requirements()},
		{"MAV", "attack vector here", attackVector()},
		{"MAC", "attack complexity here", complexity40()},
		{"MAT", "attack requirements here", requirements40()},
		{"MPR", "privileges required here", privileges()},
		{"MUI", "user interaction here", interaction40()},
		{"MVC", "confidentiality here, vulnerable system", confidentiality()},
		{"MVI", "integrity here, vulnerable system", integrity()},
		{"MVA", "availability here, vulnerable system", availability()},
		{"MSC", "confidentiality here, systems behind it", confidentiality()},
		{"MSI", "integrity here, systems behind it", safety(integrity())},
		{"MSA", "availability here, systems behind it", safety(availability())},
		{"S", "safety", []meaning{{"N", "negligible: people come to no serious harm"}, {"P", "present: people may come to serious harm"}}},
		{"AU", "automatable", []meaning{{"N", "no: each attack needs work by hand"}, {"Y", "yes: attacks can run unattended"}}},
		{"R", "recovery", []meaning{{"A", "automatic: the system recovers by itself"}, {"U", "by the user: somebody has to restore it"}, {"I", "irrecoverable: it can't be restored"}}},
		{"V", "value density", []meaning{{"D", "diffuse: each target yields little"}, {"C", "concentrated: each target yields much"}}},
		{"RE", "response effort", []meaning{{"L", "low: little work to respond"}, {"M", "moderate: some work to respond"}, {"H", "high: a lot of work to respond"}}},
		{"U", "provider urgency", []meaning{{"Clear", "clear: the provider sees no urgency"}, {"Green", "green: reduced urgency, says the provider"}, {"Amber", "amber: moderate urgency, says the provider"}, {"Red", "red: highest urgency, says the provider"}}},
	}
}
