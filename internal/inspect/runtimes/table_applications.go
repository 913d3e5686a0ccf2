package runtimes

// applications are programs in text: their version stands in a source file or a
// note that the release unpacks.
func applications() []classifier {
	return []classifier{
		{
			id: "wordpress", globs: []string{"wp-includes/version.php"},
			find: []pattern{near("$wp_version", `\$wp_version\s*=\s*'([0-9]+\.[0-9]+(?:\.[0-9]+)?)(?:-[A-Za-z0-9.-]+)?'`)},
			name: "wordpress", cpes: []string{"wordpress:wordpress"},
			source: "WordPress wp-includes/version.php", verified: "the documented form",
			tests: []sample{
				{"usr/src/wordpress/wp-includes/version.php", "/** @global string $wp_version */\n$wp_version = '6.4.2';\n", "6.4.2"},
				{"var/www/wp-includes/version.php", "$wp_db_version = 56657;", ""},
			},
		},
		{
			id: "wp-cli", globs: []string{"wp", "wp-cli.phar"},
			find: []pattern{near("wp-cli/wp-cli ", `wp-cli/wp-cli ([0-9]+\.[0-9]+\.[0-9]+)`)},
			name: "wp-cli", cpes: []string{"wp-cli:wp-cli"},
			source: "WP-CLI: manifest of the phar", verified: "WP-CLI 2.9.0 (part of the phar)",
			tests: []sample{
				{"usr/local/bin/wp", "wp-cli/wp-cli 2.9.0\n", "2.9.0"},
				{"usr/local/bin/wp", "wp-cli/wp-cli dev", ""},
			},
		},
		{
			id: "composer", globs: []string{"composer", "composer.phar", "composer[0-9]", "Composer/Composer.php"},
			find: []pattern{
				within("const BRANCH_ALIAS_VERSION", 96, 0, `const VERSION = '([0-9]+\.[0-9]+\.[0-9]+(?:-?(?:alpha|beta|RC)[0-9]+)?)';\s+(?:public )?const BRANCH_ALIAS_VERSION`),
				near("'pretty_version' =>", `'pretty_version' => '([0-9]+\.[0-9]+\.[0-9]+(?:-?(?:alpha|beta|RC)[0-9]+)?)'`),
			},
			name: "composer", cpes: []string{"getcomposer:composer"},
			source: "Composer src/Composer/Composer.php", verified: "Debian 12 composer 2.5.5",
			tests: []sample{
				{"usr/bin/composer", "/* const VERSION = '1.8.2'; */\n const VERSION = '2.5.5';\n    public const BRANCH_ALIAS_VERSION = '';", "2.5.5"},
				{"usr/bin/composer", "const VERSION = '@package_version@';\nconst BRANCH_ALIAS_VERSION", ""},
			},
		},
		{
			id: "drupal", globs: []string{"lib/Drupal.php"},
			find: []pattern{near("const VERSION", `const VERSION = '([0-9]+\.[0-9]+\.[0-9]+(?:-(?:alpha|beta|rc)[0-9]+)?)'`)},
			name: "drupal", cpes: []string{"drupal:drupal"},
			source: "Drupal core/lib/Drupal.php: the constant VERSION", verified: "the documented form",
			tests: []sample{
				{"opt/drupal/web/core/lib/Drupal.php", "   */\n  const VERSION = '10.1.2';\n", "10.1.2"},
				{"opt/drupal/web/core/lib/Drupal.php", "const VERSION = '11.x-dev';", ""},
			},
		},
		{
			id: "nextcloud", globs: []string{"version.php"},
			find:  []pattern{near("$OC_VersionString", `\$OC_VersionString\s*=\s*'([0-9]+\.[0-9]+\.[0-9]+)(?: (?:RC|beta)[0-9]*)?'`)},
			needs: "$vendor = 'nextcloud'",
			name:  "nextcloud", cpes: []string{"nextcloud:nextcloud_server"},
			source: "Nextcloud server version.php", verified: "the documented form",
			tests: []sample{
				{"usr/src/nextcloud/version.php", "<?php\n$OC_VersionString = '27.1.3';\n$vendor = 'nextcloud';\n", "27.1.3"},
				{"var/www/version.php", "$OC_VersionString = '10.13.3';\n$vendor = 'owncloud';", ""},
			},
		},
		{
			id: "owncloud", globs: []string{"version.php"},
			find:  []pattern{near("$OC_VersionString", `\$OC_VersionString\s*=\s*'([0-9]+\.[0-9]+\.[0-9]+)(?: (?:RC|beta)[0-9]*)?'`)},
			needs: "$vendor = 'owncloud'",
			name:  "owncloud", cpes: []string{"owncloud:owncloud"},
			source: "ownCloud core version.php", verified: "the documented form",
			tests: []sample{
				{"var/www/owncloud/version.php", "<?php\n$OC_VersionString = '10.13.3';\n$vendor = 'owncloud';\n", "10.13.3"},
				{"var/www/version.php", "$OC_VersionString = '27.1.3';\n$vendor = 'nextcloud';", ""},
			},
		},
		{
			id: "moodle", globs: []string{"version.php"},
			find:  []pattern{near("$release", `\$release\s*=\s*'([0-9]+\.[0-9]+(?:\.[0-9]+)?)\+? \(Build: [0-9]{8}\)'`)},
			needs: "MOODLE_INTERNAL",
			name:  "moodle", cpes: []string{"moodle:moodle"},
			source: "Moodle version.php", verified: "the documented form",
			tests: []sample{
				{"var/www/html/version.php", "defined('MOODLE_INTERNAL') || die();\n$release  = '4.2.1 (Build: 20230612)'; // Human-friendly", "4.2.1"},
				{"var/www/html/version.php", "$release  = '4.2.1 (Build: 20230612)';", ""},
			},
		},
		{
			id: "roundcube", globs: []string{"program/include/iniset.php"},
			find: []pattern{near("'RCMAIL_VERSION'", `define\('RCMAIL_VERSION',\s*'([0-9]+\.[0-9]+\.[0-9]+)(?:-[a-z0-9]+)?'\)`)},
			name: "roundcube", cpes: []string{"roundcube:webmail"},
			source: "Roundcube program/include/iniset.php", verified: "the documented form",
			tests: []sample{
				{"usr/src/roundcubemail/program/include/iniset.php", "define('RCMAIL_VERSION', '1.6.3');", "1.6.3"},
				{"usr/src/roundcubemail/program/include/iniset.php", "define('RCMAIL_VERSION', VERSION);", ""},
			},
		},
		{
			id: "keycloak", globs: []string{"keycloak*/version.txt"},
			find: []pattern{near("Keycloak - Version ", `Keycloak - Version ([0-9]+\.[0-9]+\.[0-9]+)\b`)},
			name: "keycloak", cpes: []string{"redhat:keycloak"},
			source: "Keycloak version.txt of the distribution", verified: "the documented form",
			tests: []sample{
				{"opt/keycloak/version.txt", "Keycloak - Version 22.0.5\n", "22.0.5"},
				{"opt/keycloak/version.txt", "Keycloak - Version ${project.version}\n", ""},
			},
		},
		{
			// The file holds the commit and then the version, a line each.
			id: "dotnet-runtime", globs: []string{"Microsoft.NETCore.App/*/.version"},
			find: []pattern{within(".", 48, 24, `(?:\A|\n)[0-9a-f]{40}\r?\n([0-9]+\.[0-9]+\.[0-9]+(?:-(?:preview|rc)\.[0-9.]+)?)\s`)},
			name: "dotnet-runtime", cpes: []string{"microsoft:.net", "microsoft:.net_core"},
			source: ".NET SDK documentation, \"How to check that .NET is installed\": shared/Microsoft.NETCore.App/<version>/.version", verified: "the documented form",
			tests: []sample{
				{"usr/share/dotnet/shared/Microsoft.NETCore.App/8.0.1/.version", "bf5e279d9239bfef5bb1b8d6212f1b971c434606\n8.0.1\n", "8.0.1"},
				{"usr/share/dotnet/shared/Microsoft.NETCore.App/8.0.1/.version", "8.0.1\n", ""},
			},
		},
		{
			id: "phpmyadmin", globs: []string{"libraries/classes/Version.php", "src/Version.php"},
			find:  []pattern{near("VERSION = '", `\bVERSION = '([0-9]+\.[0-9]+\.[0-9]+)' \. VERSION_SUFFIX`)},
			needs: "namespace PhpMyAdmin",
			name:  "phpmyadmin", cpes: []string{"phpmyadmin:phpmyadmin"},
			source: "phpMyAdmin libraries/classes/Version.php", verified: "the documented form",
			tests: []sample{
				{"var/www/html/libraries/classes/Version.php", "namespace PhpMyAdmin;\n    public const VERSION = '5.2.1' . VERSION_SUFFIX;", "5.2.1"},
				{"var/www/html/src/Version.php", "namespace Other;\nconst VERSION = '5.2.1' . VERSION_SUFFIX;", ""},
			},
		},
		{
			id: "mediawiki", globs: []string{"includes/Defines.php"},
			find: []pattern{near("'MW_VERSION'", `define\(\s*'MW_VERSION',\s*'([0-9]+\.[0-9]+\.[0-9]+)(?:-[a-z0-9.-]+)?'`)},
			name: "mediawiki", cpes: []string{"mediawiki:mediawiki"},
			source: "MediaWiki includes/Defines.php (since 1.35)", verified: "the documented form",
			tests: []sample{
				{"var/www/html/includes/Defines.php", "define( 'MW_VERSION', '1.40.1' );", "1.40.1"},
				{"var/www/html/includes/Defines.php", "define( 'MW_VERSION', $v );", ""},
			},
		},
		{
			id: "tomcat", globs: []string{"RELEASE-NOTES"},
			find: []pattern{near("Apache Tomcat Version ", `Apache Tomcat Version ([0-9]+\.[0-9]+\.[0-9]+(?:-M[0-9]+)?)\b`)},
			name: "tomcat", cpes: []string{"apache:tomcat"},
			source: "Tomcat RELEASE-NOTES of the binary distribution", verified: "the documented form",
			tests: []sample{
				{"usr/local/tomcat/RELEASE-NOTES", "\n                     Apache Tomcat Version 9.0.80\n", "9.0.80"},
				{"usr/local/tomcat/RELEASE-NOTES", "Apache Tomcat Version x", ""},
			},
		},
		{
			id: "jetty", globs: []string{"jetty*/VERSION.txt"},
			find: []pattern{within("jetty-", 0, 64, `\Ajetty-([0-9]+\.[0-9]+\.[0-9]+(?:\.(?:v[0-9]{8}|M[0-9]+|RC[0-9]+|alpha[0-9]+|beta[0-9]+))?) - [0-9]{1,2} `)},
			name: "jetty", cpes: []string{"eclipse:jetty"},
			source: "Jetty VERSION.txt: the first entry is the release", verified: "the documented form",
			tests: []sample{
				{"usr/local/jetty/VERSION.txt", "jetty-11.0.15 - 11 April 2023\n + 8926 x\n\njetty-11.0.14 - 22 February 2023\n", "11.0.15"},
				{"usr/local/jetty/VERSION.txt", "jetty-11.0.16-SNAPSHOT\n", ""},
			},
		},
	}
}
