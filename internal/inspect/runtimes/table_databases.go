package runtimes

// databases are servers that keep data. MySQL and what came of it have their own list.
func databases() []classifier {
	// redisVersion matches the build identifier: version, then the builder's
	// host and the second of the build, then nine zeros where no commit was known.
	const redisVersion = `([0-9]+\.[0-9]+\.[0-9]+)(?:buildkitsandbox-|\w{12}-|)1[0-9]{9}(?:0{9}|[01][0-9a-f]{8})\x00`
	redis := []pattern{
		within("buildkitsandbox-", 24, 0, `([0-9]+\.[0-9]+\.[0-9]+)buildkitsandbox-`),
		within("000000000\x00", 64, 0, redisVersion),
		within("\x00c11-builtin\x00", 24, 0, `\x00([0-9]+\.[0-9]+\.[0-9]+)\x00c11-builtin`),
		near("Redis version ", `Redis version ([0-9]+\.[0-9]+\.[0-9]+)`),
	}
	return []classifier{
		{
			id: "redis-binary", globs: []string{"redis-server", "redis-check-rdb"},
			find: redis, name: "redis", cpes: []string{"redis:redis", "redislabs:redis"},
			source:   "Redis src/release.c: REDIS_BUILD_ID_RAW; src/mkreleasehdr.sh",
			verified: "Debian 12 redis-tools 7.0.15; 2.8.23, 4.0.11, 5.0.0, 6.0.16, 7.2.5",
			tests: []sample{
				{"usr/local/bin/redis-server", "%llx\x00\x007.0.14buildkitsandbox-1702957741000000000\x00", "7.0.14"},
				{"usr/local/bin/redis-server", "\x00\x004.0.11841ce7054bd9-1542359302000000000\x00net", "4.0.11"},
				{"usr/bin/redis-check-rdb", "\xdfA7.0.151790282056000000000\x00%llx", "7.0.15"},
				{"usr/local/bin/redis-server", "Redis version=%s\x00000000000\x00", ""},
			},
		},
		{
			id: "valkey-binary", globs: []string{"valkey-server", "valkey-check-rdb"},
			find: redis, name: "valkey", cpes: []string{"lfprojects:valkey", "linuxfoundation:valkey", "valkey-io:valkey"},
			source:   "Valkey src/release.c: the build identifier, as Redis has it",
			verified: "Valkey 9.0.0",
			tests: []sample{
				{"usr/local/bin/valkey-server", "valkey9.0.0buildkitsandbox-1764887574000000000\x00", "9.0.0"},
				{"usr/local/bin/valkey-server", "buildkitsandbox-1764887574", ""},
			},
		},
		{
			id: "memcached-binary", globs: []string{"memcached"},
			find: []pattern{near("memcached 1.", `memcached (1\.[0-9]+\.[0-9]+)\b`)},
			name: "memcached", cpes: []string{"memcached:memcached"},
			source: "memcached memcached.c: usage", verified: "Debian 12 memcached 1.6.18",
			tests: []sample{
				{"usr/local/bin/memcached", "listen\x00memcached 1.6.18\x00udp-port", "1.6.18"},
				{"usr/local/bin/memcached", "memcached 1.x", ""},
			},
		},
		{
			id: "postgresql-binary", globs: []string{"postgres"},
			find: []pattern{
				near("PostgreSQL ", `(?:\x00|\?|\()PostgreSQL\)? ([0-9]+(?:\.[0-9]+){0,2}(?:(?:alpha|beta|rc)[0-9]+)?)[ \n\x00]`),
			},
			name: "postgresql", cpes: []string{"postgresql:postgresql"},
			source: "PostgreSQL src/include/pg_config.h: PG_VERSION_STR", verified: "Debian 12 postgresql-15 15.20",
			tests: []sample{
				{"usr/local/bin/postgres", "\x00PostgreSQL 15.20 (Debian 15.20-0+deb12u1) on x86_64-pc-linux-gnu", "15.20"},
				{"usr/local/bin/postgres", "?PostgreSQL 9.5alpha1 on", "9.5alpha1"},
				{"usr/local/bin/postgres", "\x00PostgreSQL stand-alone backend", ""},
			},
		},
		{
			id: "mongodb-binary", globs: []string{"mongod", "mongos"},
			find: []pattern{
				within("\x00tcmalloc\x00", 24, 0, mongoBefore+`tcmalloc`),
				within("\x00heap_size\x00", 24, 0, mongoBefore+`heap_size`),
				within("\x00cppdefines\x00", 24, 0, mongoBefore+`cppdefines`),
			},
			name: "mongodb", cpes: []string{"mongodb:mongodb"},
			source: "MongoDB src/mongo/util/version_constants.h: version, then allocator, then the build's flags", verified: "MongoDB 4.4.30, 5.0.32, 6.0.27, 7.0.28, 8.0.17",
			tests: []sample{
				{"usr/bin/mongod", "outputConfig\x005.0.32\x00tcmalloc\x00mozjs", "5.0.32"},
				{"usr/bin/mongod", "\x008.0.17\x00cppdefines\x00", "8.0.17"},
				{"usr/bin/mongod", "x\x00tcmalloc\x00", ""},
			},
		},
		{
			id: "arangodb-binary", globs: []string{"arangosh", "arangod"},
			find: []pattern{near("[linux]", `\x00([0-9]+\.[0-9]+\.[0-9]+(?:-[0-9]+)?) (?:enterprise )?\[linux\]`)},
			name: "arangodb", cpes: []string{"arangodb:arangodb"},
			source: "ArangoDB lib/Rest/Version.cpp: getVerboseVersionString", verified: "ArangoDB 3.11.8, 3.12.0-2, 3.12.5",
			tests: []sample{
				{"usr/bin/arangosh", "ArangoDB \x003.11.8 [linux]\x00, using", "3.11.8"},
				{"usr/bin/arangosh", "\x003.12.5-2 enterprise [linux]\x00", "3.12.5-2"},
				{"usr/bin/arangosh", "version [linux]", ""},
			},
		},
		{
			id: "sqlite", globs: []string{"libsqlite3.so*", "sqlite3"},
			find:  []pattern{within("\x003.", 0, 12, `\A\x00(3\.[0-9]{1,2}\.[0-9]{1,2}(?:\.[0-9])?)\x00`)},
			needs: "SQLite format 3",
			name:  "sqlite", cpes: []string{"sqlite:sqlite"},
			source: "SQLite sqlite3.c: sqlite3_version", verified: "Debian 12 libsqlite3-0 3.40.1",
			tests: []sample{
				{"usr/local/lib/libsqlite3.so.0.8.6", "SQLite format 3\x00\x08\x00\x00\x003.40.1\x00\x00\x01", "3.40.1"},
				{"usr/local/lib/libsqlite3.so.0", "\x003.40.1\x00", ""},
			},
		},
		{
			id: "sqlcipher", globs: []string{"sqlcipher", "libsqlcipher.so*"},
			find:  []pattern{within("\x004.", 0, 12, `\A\x00(4\.[0-9]{1,2}\.[0-9]{1,2})\x00`)},
			needs: "sqlcipher_",
			name:  "sqlcipher", cpes: []string{"zetetic:sqlcipher"},
			source: "SQLCipher src/crypto.h: CIPHER_VERSION", verified: "SQLCipher 4.5.5",
			tests: []sample{
				{"usr/bin/sqlcipher", "community\x004.5.5\x00%s %s\x00sqlcipher_cipher_ctx", "4.5.5"},
				{"usr/bin/sqlcipher", "\x004.5.5\x00", ""},
			},
		},
	}
}

// mongoBefore matches MongoDB's version as the literal before another.
const mongoBefore = `([0-9]+\.[0-9]+\.[0-9]+)\x00+`

// mysqlFamily are MySQL and its descendants. They share file names, so that the
// more particular one goes first in each group.
func mysqlFamily() []classifier {
	const v = `([0-9]+\.[0-9]+\.[0-9]+(?:-?(?:alpha|beta|rc)[0-9]*)?)`
	client := []string{"mysql", "mysqladmin"}
	mysql := []string{"oracle:mysql"}
	server := []string{"oracle:mysql", "oracle:mysql_server"}
	return []classifier{
		{
			id: "percona-xtradb-cluster", globs: client, group: "mysql-client",
			find: []pattern{near("/Percona-XtraDB-Cluster-", `/Percona-XtraDB-Cluster-`+v)},
			name: "percona-xtradb-cluster", cpes: []string{"oracle:mysql", "percona:percona_server", "percona:xtradb_cluster"},
			source: "the source folder of Percona's builds", verified: "Percona XtraDB Cluster (parts of the official binary)",
			tests: []sample{
				{"usr/bin/mysql", "/BUILD/Percona-XtraDB-Cluster-8.0.34/mysys", "8.0.34"},
				{"usr/bin/mysql", "/Percona-XtraDB-Cluster-x", ""},
			},
		},
		{
			id: "percona-server", globs: client, group: "mysql-client",
			find: []pattern{near("/percona-server-", `/percona-server-`+v)},
			name: "percona-server", cpes: []string{"oracle:mysql", "percona:percona_server"},
			source: "the source folder of Percona's builds", verified: "Percona Server 8.0.35 (part of the official binary)",
			tests: []sample{
				{"usr/bin/mysql", "rpmbuild/BUILD/percona-server-8.0.35-27/percona-", "8.0.35"},
				{"usr/bin/mysql", "/percona-server-x", ""},
			},
		},
		{
			id: "mariadb-binary", globs: []string{"mariadb", "mysql", "mysqladmin", "mariadb-admin", "mariadbd", "mysqld"}, group: "mysql-client",
			find: []pattern{
				near("-MariaDB", v+`-MariaDB`),
				near("/mariadb-", `/mariadb-`+v+`-`),
			},
			name: "mariadb", cpes: []string{"mariadb:mariadb"},
			source: "MariaDB include/mysql_version.h: MYSQL_SERVER_VERSION", verified: "Debian 12 mariadb-server-core 10.11.19; 11.8.5 by its folder",
			tests: []sample{
				{"usr/bin/mariadb", "gnu\x0010.11.19-MariaDB\x00x86_64", "10.11.19"},
				{"usr/bin/mariadb", "/usr/src/debug/mariadb-11.8.5-2-redhat-x86_64/storage", "11.8.5"},
				{"usr/bin/mariadb", "5-MariaDB", ""},
			},
		},
		{
			id: "mysql-binary", globs: client, group: "mysql-client",
			find: []pattern{
				near("mysql", `\x00`+v+`\x00+mysql_?[a-z]`),
				near("/mysql-", `/mysql-`+v),
			},
			name: "mysql", cpes: mysql,
			source: "MySQL include/mysql_version.h and the source folder in __FILE__", verified: "MySQL 5.6.51, 8.0.34, 8.0.37 (parts of the official binaries)",
			tests: []sample{
				{"usr/bin/mysql", "shutdown\x008.0.37\x00\x00\x00mysql_real_escape_string", "8.0.37"},
				{"usr/bin/mysql", "/release/mysql-5.6.51/vio/viosocket.c", "5.6.51"},
				{"usr/bin/mysql", "\x00mysql_native_password\x00", ""},
			},
		},
		{
			// "5.7.33-ndb-7.6.17" is MySQL 5.7.33 inside MySQL Cluster 7.6.17.
			id: "mysqld-in-old-cluster", globs: []string{"mysqld"}, group: "mysqld",
			find: []pattern{near("-ndb-", v+`-ndb-[0-9]`)},
			name: "mysql-server", cpes: server,
			source: "MySQL Cluster reference: version strings mysql-x.y.z ndb-a.b.c", verified: "MySQL Cluster 7.6.17 (part of the official binary)",
			tests: []sample{
				{"usr/sbin/mysqld", "-cluster-gpl\x005.7.33-ndb-7.6.17\x00x86_64", "5.7.33"},
				{"usr/sbin/mysqld", "-ndb-7.6.17", ""},
			},
		},
		{
			id: "mysql-old-cluster", globs: []string{"mysqld"}, group: "mysql-cluster",
			find: []pattern{near("-ndb-", `[0-9]-ndb-`+v)},
			name: "mysql-cluster", cpes: []string{"oracle:mysql_cluster"},
			source: "MySQL Cluster reference: version strings mysql-x.y.z ndb-a.b.c", verified: "MySQL Cluster 7.6.17 (part of the official binary)",
			tests: []sample{
				{"usr/sbin/mysqld", "-cluster-gpl\x005.7.33-ndb-7.6.17\x00x86_64", "7.6.17"},
				{"usr/sbin/mysqld", "-ndb-management", ""},
			},
		},
		{
			id: "mysql-cluster", globs: []string{"mysqld", "ndbd", "ndbmtd", "ndb_mgmd"}, group: "mysqld",
			find: []pattern{near("/mysql-cluster-gpl-", `/mysql-cluster-gpl-`+v+`/`)},
			name: "mysql-cluster", cpes: []string{"oracle:mysql_cluster", "oracle:mysql", "oracle:mysql_server"},
			source: "the source folder of Oracle's builds", verified: "MySQL Cluster 9.7.0 (part of the official binary)",
			tests: []sample{
				{"usr/sbin/ndbd", "rpm/BUILD/mysql-cluster-gpl-9.7.0/mysql-cluster-gpl-9.7.0/storage", "9.7.0"},
				{"usr/sbin/ndbd", "/mysql-cluster-gpl-x/", ""},
			},
		},
		{
			id: "mysql-server", globs: []string{"mysqld"}, group: "mysqld",
			find: []pattern{near("/mysql-", `/mysql-`+v+`/`)},
			name: "mysql-server", cpes: server,
			source: "the source folder of Oracle's builds, in __FILE__", verified: "MySQL 9.7.0 (part of the official binary)",
			tests: []sample{
				{"usr/sbin/mysqld", "\x00../../mysql-9.7.0/sql/log.cc\x00", "9.7.0"},
				{"usr/sbin/mysqld", "/var/run/mysql-files/", ""},
			},
		},
		{
			id: "percona-xtrabackup", globs: []string{"xtrabackup"},
			find: []pattern{near("/percona-xtrabackup-", `/percona-xtrabackup-`+v)},
			name: "percona-xtrabackup", cpes: []string{"percona:xtrabackup"},
			source: "the source folder of Percona's builds", verified: "Percona XtraBackup 8.0.35 (part of the official binary)",
			tests: []sample{
				{"usr/bin/xtrabackup", "rpmbuild/BUILD/percona-xtrabackup-8.0.35-30", "8.0.35"},
				{"usr/bin/xtrabackup", "/percona-xtrabackup-x", ""},
			},
		},
	}
}
