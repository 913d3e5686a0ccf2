package hygiene

import (
	"strings"
	"time"
)

// runtimeEnd is the last day on which a language's release gets security fixes, as
// "2006-01-02"; where its makers name a month, that month's last day.
type runtimeEnd struct{ release, day string }

// runtimeEnds are the tables of the images that carry a language runtime, by the
// repository's name. parts is how many numbers of a tag make a release.
func runtimeEnds(repository string) (title string, parts int, ends []runtimeEnd) {
	switch repository {
	case "python":
		// https://devguide.python.org/versions/
		return "Python", 2, []runtimeEnd{
			{"2.7", "2020-01-01"},
			{"3.3", "2017-09-29"},
			{"3.4", "2019-03-18"},
			{"3.5", "2020-09-30"},
			{"3.6", "2021-12-23"},
			{"3.7", "2023-06-27"},
			{"3.8", "2024-10-07"},
			{"3.9", "2025-10-31"},
			{"3.10", "2026-10-31"},
			{"3.11", "2027-10-31"},
			{"3.12", "2028-10-31"},
		}
	case "node":
		// https://github.com/nodejs/Release/blob/main/schedule.json
		return "Node.js", 1, []runtimeEnd{
			{"4", "2018-04-30"},
			{"5", "2016-06-30"},
			{"6", "2019-04-30"},
			{"7", "2017-06-30"},
			{"8", "2019-12-31"},
			{"9", "2018-06-30"},
			{"10", "2021-04-30"},
			{"11", "2019-06-01"},
			{"12", "2022-04-30"},
			{"13", "2020-06-01"},
			{"14", "2023-04-30"},
			{"15", "2021-06-01"},
			{"16", "2023-09-11"},
			{"17", "2022-06-01"},
			{"18", "2025-04-30"},
			{"19", "2023-06-01"},
			{"20", "2026-04-30"},
			{"21", "2024-06-01"},
			{"22", "2027-04-30"},
			{"23", "2025-06-01"},
			{"24", "2028-04-30"},
			{"25", "2026-06-01"},
		}
	case "golang":
		// https://go.dev/doc/devel/release: a release is supported until there are two
		// newer ones, so that each ends on the day of the second after it.
		return "Go", 2, []runtimeEnd{
			{"1.9", "2018-08-24"},
			{"1.10", "2019-02-25"},
			{"1.11", "2019-09-03"},
			{"1.12", "2020-02-25"},
			{"1.13", "2020-08-11"},
			{"1.14", "2021-02-16"},
			{"1.15", "2021-08-16"},
			{"1.16", "2022-03-15"},
			{"1.17", "2022-08-02"},
			{"1.18", "2023-02-01"},
			{"1.19", "2023-08-08"},
			{"1.20", "2024-02-06"},
			{"1.21", "2024-08-13"},
			{"1.22", "2025-02-11"},
			{"1.23", "2025-08-12"},
			{"1.24", "2026-02-10"},
		}
	case "ruby":
		// https://www.ruby-lang.org/en/downloads/branches/
		return "Ruby", 2, []runtimeEnd{
			{"2.2", "2018-03-31"},
			{"2.3", "2019-03-31"},
			{"2.4", "2020-03-31"},
			{"2.5", "2021-04-05"},
			{"2.6", "2022-04-12"},
			{"2.7", "2023-03-31"},
			{"3.0", "2024-04-23"},
			{"3.1", "2025-03-26"},
			{"3.2", "2026-04-01"},
		}
	case "php":
		// https://www.php.net/eol.php and https://www.php.net/supported-versions.php
		return "PHP", 2, []runtimeEnd{
			{"5.6", "2018-12-31"},
			{"7.0", "2019-01-10"},
			{"7.1", "2019-12-01"},
			{"7.2", "2020-11-30"},
			{"7.3", "2021-12-06"},
			{"7.4", "2022-11-28"},
			{"8.0", "2023-11-26"},
			{"8.1", "2025-12-31"},
			{"8.2", "2026-12-31"},
		}
	case "dotnet":
		// https://dotnet.microsoft.com/platform/support/policy/dotnet-core
		return ".NET", 2, []runtimeEnd{
			{"1.0", "2019-06-27"},
			{"1.1", "2019-06-27"},
			{"2.0", "2018-10-01"},
			{"2.1", "2021-08-21"},
			{"2.2", "2019-12-23"},
			{"3.0", "2020-03-03"},
			{"3.1", "2022-12-13"},
			{"5.0", "2022-05-10"},
			{"6.0", "2024-11-12"},
			{"7.0", "2024-05-14"},
			{"8.0", "2026-11-10"},
			{"9.0", "2026-11-10"},
		}
	}
	return "", 0, nil
}

// discontinued are images that are no longer built at all, with what is said in
// their place.
func discontinued(repository string) (instead string, ok bool) {
	switch repository {
	case "openjdk":
		// https://hub.docker.com/_/openjdk: deprecated in July 2022.
		return "eclipse-temurin, amazoncorretto and others go on", true
	case "java":
		// https://hub.docker.com/_/java: no change since the end of 2016.
		return "eclipse-temurin, amazoncorretto and others go on", true
	case "adoptopenjdk":
		// https://hub.docker.com/_/adoptopenjdk: moved to the Eclipse foundation in 2021.
		return "eclipse-temurin goes on", true
	}
	return "", false
}

// runtimeEnded tells whether the language in an image of this repository and tag has
// ended by a day, which release it is, and when it did.
func runtimeEnded(repository, tag string, now time.Time) (release, day string, ended bool) {
	title, parts, ends := runtimeEnds(repository)
	if title == "" {
		return "", "", false
	}
	number := leadingVersion(tag)
	fields := strings.Split(number, ".")
	if number == "" || len(fields) < parts {
		return "", "", false
	}
	number = strings.Join(fields[:parts], ".")
	for _, e := range ends {
		if e.release != number {
			continue
		}
		last, err := time.Parse(time.DateOnly, e.day)
		return title + " " + e.release, e.day, err == nil && !now.Before(last.AddDate(0, 0, 1))
	}
	return "", "", false
}

// leadingVersion are the numbers at the beginning of a tag: "3.8.1" of
// "3.8.1-slim-buster".
func leadingVersion(tag string) string {
	end := 0
	for end < len(tag) && (tag[end] >= '0' && tag[end] <= '9' || tag[end] == '.') {
		end++
	}
	if end < len(tag) && tag[end] != '-' && tag[end] != '_' && tag[end] != '+' {
		return "" // "3.10rc1", "14rc"
	}
	return strings.Trim(tag[:end], ".")
}
