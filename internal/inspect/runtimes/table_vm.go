package runtimes

// virtualMachines are language platforms that run compiled or bundled programs.
func virtualMachines() []classifier {
	erlang := []string{`erlang:erlang\/otp`}
	const otp = `([0-9]{2}\.[0-9]+(?:\.[0-9]+){0,3}(?:-rc[0-9]+)?)`
	return []classifier{
		{
			id: "erlang-otp-version", globs: []string{"releases/*/OTP_VERSION"},
			find: []pattern{within(".", 4, 24, `(?:\A|\n)`+otp+`(?:\s|\*|\z)`)},
			name: "erlang", cpes: erlang,
			source: "Erlang/OTP system principles, \"Versions\": releases/<release>/OTP_VERSION", verified: "Debian 12 erlang-base 25.2.3",
			tests: []sample{
				{"usr/local/lib/erlang/releases/25/OTP_VERSION", "25.3.2.6\n", "25.3.2.6"},
				{"usr/local/lib/erlang/releases/25/OTP_VERSION", "v25.3\n", ""},
			},
		},
		{
			id: "erlang-binary", globs: []string{"erlexec", "beam.smp", "liberts_internal.a"},
			find: []pattern{
				within("/otp_src_", 0, 40, `/otp_src_`+otp+`/erts`),
				within("/usr/local/src/otp-", 0, 40, `/otp-`+otp+`/erts`),
				within("Erlang/OTP ", 64, 0, `\x00`+otp+`\x00+Erlang/OTP `),
				within("Erlang/OTP ", 0, 240, `\A[^\n\x00]+\n\x00+`+otp+`\x00`),
			},
			name: "erlang", cpes: erlang,
			source:   "Erlang/OTP erts/emulator/beam/erl_bif_info.c: the system version's format and ERLANG_OTP_VERSION; build folders in DWARF",
			verified: "Debian 12 erlang-base 25.2.3 (beam.smp); 17.5.6.9, 25.3.2.6, 26.2.4, 27.0",
			tests: []sample{
				{"usr/local/lib/erlang/erts-13.2/bin/erlexec", "\x00/usr/src/otp_src_25.3.2.6/erts/lib_src\x00", "25.3.2.6"},
				{"usr/local/lib/erlang/erts-14.1/bin/beam.smp", "\x0026.1.2\x00\x00\x00Erlang/OTP 26%s [erts-14.1]", "26.1.2"},
				{"usr/local/lib/erlang/erts-13.1.5/bin/beam.smp", "Erlang/OTP 25%s [erts-13.1.5] [source] [jit:ns%s]\n\x0025.2.3\x00\x00", "25.2.3"},
				{"usr/local/lib/erlang/erts-13.1.5/bin/beam.smp", "emulator version 13.1.5\n\x00", ""},
			},
		},
		{
			id: "elixir-script", globs: []string{"bin/elixir"},
			find: []pattern{near("ELIXIR_VERSION=", `(?m)^ELIXIR_VERSION="?([0-9]+\.[0-9]+\.[0-9]+(?:-[a-z0-9]+(?:\.[0-9]+)?)?)"?$`)},
			name: "elixir", cpes: []string{"elixir-lang:elixir"},
			source: "Elixir bin/elixir", verified: "Debian 12 elixir 1.14.0",
			tests: []sample{
				{"usr/local/bin/elixir", "set -e\n\nELIXIR_VERSION=1.14.0\n", "1.14.0"},
				{"usr/local/bin/elixir", "echo \"$ELIXIR_VERSION\"", ""},
			},
		},
		{
			id: "elixir-app", globs: []string{"elixir/ebin/elixir.app"},
			find: []pattern{near("{vsn,", appVsn)},
			name: "elixir", cpes: []string{"elixir-lang:elixir"},
			source: "Erlang app(4): the vsn key", verified: "Debian 12 elixir 1.14.0",
			tests: []sample{
				{"usr/local/lib/elixir/lib/elixir/ebin/elixir.app", "{description,\"elixir\"},\n {vsn,\"1.12.0-rc.1\"},", "1.12.0-rc.1"},
				{"usr/local/lib/elixir/lib/elixir/ebin/elixir.app", "{vsn,git}", ""},
			},
		},
		{
			id: "rabbitmq-app", globs: []string{"ebin/rabbit.app"},
			find: []pattern{near("{vsn,", appVsn)},
			name: "rabbitmq", cpes: []string{"vmware:rabbitmq", "broadcom:rabbitmq_server", "pivotal_software:rabbitmq"},
			source: "Erlang app(4): the vsn key", verified: "Debian 12 rabbitmq-server 3.10.8",
			tests: []sample{
				{"opt/rabbitmq/plugins/rabbit-3.12.0/ebin/rabbit.app", "{description, \"RabbitMQ\"},\n\t{vsn, \"3.12.0\"},", "3.12.0"},
				{"opt/rabbitmq/plugins/rabbit-3.12.0/ebin/rabbit.app", "{vsn, x}", ""},
			},
		},
		{
			id: "dart-binary", globs: []string{"dart", "dartaotruntime"},
			find: []pattern{
				near(" (stable) (", `\x00([0-9]+\.[0-9]+\.[0-9]+) \(stable\) \(`),
				near(" (beta) (", `\x00([0-9]+\.[0-9]+\.[0-9]+-[0-9.]+\.beta) \(beta\) \(`),
			},
			name: "dart", cpes: []string{"dart:dart_software_development_kit"},
			source: "Dart SDK runtime/vm/version_in.cc: Version::String", verified: "Dart 2.12.4, 3.0.0, 3.5.2, 3.6.0-216.1.beta",
			tests: []sample{
				{"usr/lib/dart/bin/dart", "Dart,GC\"\x003.5.2 (stable) (Wed Aug 28 10:01:20 2024", "3.5.2"},
				{"usr/lib/dart/bin/dart", "Dart,GC\"\x003.6.0-216.1.beta (beta) (Wed", "3.6.0-216.1.beta"},
				{"usr/lib/dart/bin/dart", "x (stable) (", ""},
			},
		},
		{
			id: "deno-binary", globs: []string{"deno"},
			find: []pattern{
				near("Deno/", `Deno/([0-9]+\.[0-9]+\.[0-9]+)`),
				within("release/v", 64, 24, `deno-[0-9a-z]{40}release/v([0-9]+\.[0-9]+\.[0-9]+)`),
				within("deno-canary/", 0, 60, `\Adeno-canary/[0-9a-z]{40}([0-9]+\.[0-9]+\.[0-9]+)`),
				within("deno-", 0, 60, `\Adeno-[0-9a-z]{40}([0-9]+\.[0-9]+\.[0-9]+)`),
				within("DENO_", 64, 0, `([0-9]+\.[0-9]+\.[0-9]{1,2})[0-9a-f]{40}DENO_`),
			},
			name: "deno", cpes: []string{"deno:deno"},
			source: "Deno cli/version.rs: the user agent; older ones beside GIT_COMMIT_HASH", verified: "Deno 1.10.3 to 2.9.2",
			tests: []sample{
				{"usr/bin/deno", "2.0.0+a62c7e0Deno/2.0.0Deno/2.0.0+a62c7e0", "2.0.0"},
				{"usr/bin/deno", "deno-74064c9d8c222b33b2a552ea0af1054f57002a96release/v1.28.3windows", "1.28.3"},
				{"usr/bin/deno", "DENO_DIR Deno/x", ""},
			},
		},
		{
			id: "bun-binary", globs: []string{"bun", "bun-profile"},
			find: []pattern{
				near("Bun v", `\bBun v([0-9]+\.[0-9]+\.[0-9]+)`),
				near("bun v", `\bbun v([0-9]+\.[0-9]+\.[0-9]+)`),
				near("bun-", `\bbun-v?([0-9]+\.[0-9]+\.[0-9]+)`),
			},
			name: "bun", cpes: []string{"oven-sh:bun"},
			source: "Bun src/Global.zig: the banner and user agent", verified: "Bun 0.5.9 to 1.3.5",
			tests: []sample{
				{"usr/local/bin/bun", "\nBun v1.1.0\nbun-1.1.0\n", "1.1.0"},
				{"usr/local/bin/bun", "bun-types Bun vX", ""},
			},
		},
	}
}

// appVsn matches the version in an Erlang application file.
const appVsn = `\{vsn,\s*"([0-9]+\.[0-9]+\.[0-9]+(?:-[a-z0-9]+(?:\.[0-9]+)?)?)"\}`
