package secret

import (
	"bytes"
	"slices"
	"strings"

	"plimsoll/internal/advisory"
)

// databaseRules are passwords within addresses and connection strings.
func databaseRules() []Rule {
	return slices.Concat(addressRules(), connectionRules(), databaseNameRules())
}

// addressReach is how far behind a scheme the "@" of its address may stand.
const addressReach = 320

// addressRule is a password within an address of one of these schemes.
func addressRule(id, title string, severity advisory.Severity, source string, schemes ...string) Rule {
	scheme := schemes[0]
	password := made(base62, 18)
	return Rule{
		ID: id, Title: title, Severity: severity, Confidence: Likely,
		Keywords: schemes, Bound: true, After: addressReach, Opaque: true,
		Find: findAddress, Check: judgeAddress,
		Source: source,
		True: []string{
			"URL=" + scheme + "svc_app:" + password + "@db-1.internal:5432/app\n",
			`url: "` + scheme + `billing:` + password[:10] + `%40` + password[10:] + `@10.2.0.7/x?y=1"`,
		},
		False: []string{
			scheme + "localhost:5432/app",
			scheme + "user:password@host/db",
			scheme + "app:${DB_PASSWORD}@db/app",
			scheme + "app:$PASSWORD@db/app",
			scheme + "app:{{ .Values.password }}@db/app",
			scheme + "%s:%s@%s/%s",
			scheme + "app:<password>@db/app",
			scheme + "svc:" + password + "@db.example.com/app",
			scheme + "app@db/app and others: see a@b",
			scheme + "app:" + "********" + "@db/app",
		},
	}
}

func addressRules() []Rule {
	const uri = "RFC 3986 section 3.2.1; "
	return []Rule{
		addressRule("database-url-password", "Password of a database in its address", advisory.High,
			uri+"https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS; "+
				"https://www.mongodb.com/docs/manual/reference/connection-string/; https://docs.sqlalchemy.org/en/20/core/engines.html#database-urls",
			"postgres://", "postgresql://", "postgresql+", "postgis://", "mysql://", "mysql2://", "mysql+", "mariadb://", "mariadb+", "mongodb://",
			"mongodb+srv://", "mssql://", "mssql+", "sqlserver://", "oracle://", "oracle+", "clickhouse://", "clickhouse+", "cockroachdb://",
			"snowflake://", "neo4j://", "neo4j+s://", "bolt://", "couchdb://", "couchbase://", "influxdb://", "elasticsearch://"),
		addressRule("redis-url-password", "Password of Redis in its address", advisory.High,
			uri+"https://www.iana.org/assignments/uri-schemes/prov/redis", "redis://", "rediss://", "valkey://", "valkeys://"),
		addressRule("broker-url-password", "Password of a message broker in its address", advisory.High,
			uri+"https://www.rabbitmq.com/docs/uri-spec", "amqp://", "amqps://", "mqtt://", "mqtts://", "nats://", "stomp://", "kafka://"),
		addressRule("file-server-url-password", "Password of a file server in its address", advisory.Medium,
			uri+"RFC 1738 section 3.2", "ftp://", "ftps://", "sftp://", "smb://", "webdav://", "webdavs://", "rsync://"),
		addressRule("mail-url-password", "Password of a mail server in its address", advisory.Medium,
			uri+"RFC 5092; for SMTP known from practice (Symfony Mailer, Django environ)", "smtp://", "smtps://", "imap://", "imaps://", "pop3://", "pop3s://"),
		addressRule("directory-url-password", "Password of a directory in its address", advisory.High,
			uri+"known from practice", "ldap://", "ldaps://"),
		addressRule("ssh-url-password", "Password of a host in its address", advisory.High,
			uri+"https://datatracker.ietf.org/doc/html/draft-ietf-secsh-scp-sftp-ssh-uri-04", "ssh://", "git+ssh://", "telnet://", "vnc://", "rdp://"),
		addressRule("http-url-password", "Password or token in a web address", advisory.High,
			uri+"RFC 9110 section 4.2.4", "http://", "https://", "git+https://", "git+http://", "svn+https://"),
	}
}

// findAddress spans the password of scheme://user:password@host.
func findAddress(w *Window) (Span, bool) {
	b, i := w.Bytes, w.KeywordEnd
	if !bytes.HasSuffix(b[:i], []byte("://")) {
		// A dialect names its driver: postgresql+psycopg2://.
		for i < len(b) && i-w.KeywordEnd < 24 && inName(b[i]) {
			i++
		}
		if !bytes.HasPrefix(b[i:], []byte("://")) {
			return Span{}, false
		}
		i += 3
	}
	colon, at := -1, -1
scan:
	for j := i; j < len(b); j++ {
		switch c := b[j]; c {
		case ':':
			if colon < 0 {
				colon = j
			}
		case '@':
			at = j
		case '/', '?', '#', '\\', '"', '\'', '`', '<', '>', '|', ',', ';', '^':
			break scan
		default:
			if c <= ' ' || c >= 0x7f {
				break scan
			}
		}
	}
	if colon < 0 || at <= colon+1 || at+1 >= len(b) || !(letter(b[at+1]) || digit(b[at+1]) || b[at+1] == '[') {
		return Span{}, false
	}
	return Span{Start: colon + 1, End: at, NameStart: i, NameEnd: colon}, true
}

// judgeAddress tells a working password from the examples of documentation.
func judgeAddress(m *Match) Confidence {
	user, host := strings.ToLower(m.Name), hostAfter(m.Bytes[m.Span.End+1:])
	web := m.Rule.ID == "http-url-password"
	switch {
	case len(m.Value) < 3 || standsForValue(m.Value) || bytes.ContainsAny(m.Value, "{}()*[]") || strings.ContainsAny(user, "${}%()<>*"):
		return Rejected
	case bytes.ContainsRune(m.Value, '$') && web, exampleHost(host):
		return Rejected
	case trivial(user, m.Value):
		// Documentation is full of these, and of databases that hold nothing.
		if web || user == "user" || user == "username" {
			return Rejected
		}
		return Possible
	case web && len(m.Value) < 6:
		return Rejected
	case localHost(host) || len(m.Value) < 6:
		return Possible
	}
	return Likely
}

// hostAfter is the host that text begins with, in lower case.
func hostAfter(text []byte) string {
	n := bytes.IndexFunc(text, func(r rune) bool {
		return !(r < 0x80 && inName(byte(r))) && r != '[' && r != ']'
	})
	if n < 0 {
		n = len(text)
	}
	return strings.ToLower(string(text[:n]))
}

// exampleHost reports hosts that are no more than examples (RFC 2606) or stand in
// for one in documentation.
func exampleHost(host string) bool {
	switch host {
	case "host", "hostname", "server", "servername", "domain", "domain.com", "yourhost", "your-host", "yourdomain.com", "your-domain.com",
		"ip", "address", "foo", "bar", "foo.com", "bar.com", "some.host", "somehost", "myhost", "site.com", "website.com", "test.com", "acme.com",
		"a", "b", "c", "h", "x", "d", "url", "host.com", "server.com", "company.com", "mycompany.com", "proxy", "proxyserver":
		return true
	}
	return strings.HasPrefix(host, "example") || strings.Contains(host, ".example") || strings.HasSuffix(host, ".test") || strings.HasSuffix(host, ".invalid")
}

func localHost(host string) bool {
	return host == "localhost" || strings.HasPrefix(host, "127.") || host == "0.0.0.0" || host == "host.docker.internal"
}

func connectionRules() []Rule {
	password := made(base62, 16)
	return []Rule{
		{
			ID: "jdbc-password", Title: "Password of a database in a JDBC address",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"jdbc:"}, Bound: true, After: 512, Find: findJDBC, Check: judgePassword, Opaque: true,
			Source: "https://jdbc.postgresql.org/documentation/use/; https://learn.microsoft.com/sql/connect/jdbc/building-the-connection-url; " +
				"https://docs.oracle.com/en/database/oracle/oracle-database/19/jjdbc/data-sources-and-URLs.html",
			True: []string{
				"url=jdbc:postgresql://db:5432/app?user=app&password=" + password + "&ssl=true\n",
				"jdbc:sqlserver://db:1433;databaseName=app;user=app;password=" + password + ";encrypt=true",
				"jdbc:oracle:thin:app/" + password + "@//db:1521/XE",
			},
			False: []string{
				"jdbc:postgresql://db:5432/app", "jdbc:mysql://db/app?user=a&password=${DB_PASSWORD}", "jdbc:oracle:thin:@//db:1521/XE",
				"jdbc:mysql://db/app?password=", "jdbc:mysql://db/app?user=x&password=<password>",
			},
		},
		{
			ID: "connection-string-password", Title: "Password in a connection string (ADO.NET, ODBC)",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{";password=", ";pwd=", "; password=", "; pwd="}, Fold: true, Before: 400, After: 300,
			Find: findConnectionString, Check: judgePassword, Opaque: true,
			Source: "https://learn.microsoft.com/dotnet/framework/data/adonet/connection-string-syntax",
			True: []string{
				`"Default": "Server=tcp:db.internal,1433;Initial Catalog=app;User ID=app;Password=` + password + `;Encrypt=True;"`,
				"Driver={ODBC Driver 18};Server=db;Uid=app;Pwd=" + password,
			},
			False: []string{
				"Server=db;User Id=app;Password={0};", "Server=db;User Id=app;Password=<password>;", "Server=db;Uid=a;Pwd=${PW};",
				"a;password=" + password + ";b", "Server=.;Database=x;User Id=sa;Password=;",
			},
		},
		{
			ID: "libpq-password", Title: "Password of PostgreSQL in a connection string",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"dbname="}, Bound: true, Before: 300, After: 300, Find: findConninfo, Check: judgePassword, Opaque: true,
			Source: "https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-KEYWORD-VALUE",
			True:   []string{`conn = "host=db.internal user=app password=` + password + ` dbname=app sslmode=disable"`},
			False:  []string{"host=db dbname=app user=app", "host=db user=app password=%s dbname=app", "host=db user=app password=$PGPASSWORD dbname=app"},
		},
		{
			ID: "mysql-dsn-password", Title: "Password of MySQL in a Go data source name",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"@tcp(", "@unix("}, Before: 200, After: 100, Find: findDataSource, Check: judgePassword, Opaque: true,
			Source: "https://github.com/go-sql-driver/mysql#dsn-data-source-name",
			True:   []string{`dsn := "app:` + password + `@tcp(db.internal:3306)/app?parseTime=true"`},
			False:  []string{`"user:password@tcp(127.0.0.1:3306)/hello"`, `"%s:%s@tcp(%s:%d)/%s"`, `"username@tcp(localhost)/x"`},
		},
		{
			ID: "sql-user-password", Title: "Password that an SQL statement gives a user",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"identified by '", `identified by "`, "with password '", "encrypted password '", "login password '"}, Fold: true, Before: 200, After: 120,
			Find: findQuoted, Check: judgePassword, Opaque: true,
			Source: "https://dev.mysql.com/doc/refman/8.4/en/create-user.html; https://www.postgresql.org/docs/current/sql-createrole.html",
			True: []string{
				"CREATE USER 'app'@'%' IDENTIFIED BY '" + password + "';",
				"ALTER ROLE app WITH PASSWORD '" + password + "';",
			},
			False: []string{"IDENTIFIED BY '${PW}'", "IDENTIFIED BY '%s'", "identified by '$MYSQL_PASSWORD'", "identified by '" + password + "'", "WITH PASSWORD '' "},
		},
		{
			ID: "redis-password", Title: "Password of Redis in its configuration",
			Severity: advisory.High, Confidence: Likely,
			Keywords: []string{"requirepass", "masterauth"}, Bound: true, Before: 64, After: 200,
			Find: findSetting(" \t", func(name string) bool {
				return name == "requirepass" || name == "masterauth" || strings.HasPrefix(name, "--")
			}), Check: judgePassword, Opaque: true,
			Source: "https://redis.io/docs/latest/operate/oss_and_stack/management/security/",
			True:   []string{"port 6379\nrequirepass " + password + "\n"},
			False:  []string{"# requirepass foobared\n", "requirepass \"\"\n", "The requirepass option sets a password\n"},
		},
	}
}

// findJDBC spans the password of a JDBC address: a property, or what Oracle puts
// before the "@".
func findJDBC(w *Window) (Span, bool) {
	b, end := w.Bytes, w.KeywordEnd
	for end < len(b) && b[end] > ' ' && b[end] < 0x7f && b[end] != '"' && b[end] != '\'' && b[end] != '`' && b[end] != '<' {
		end++
	}
	address := bytes.ToLower(b[w.KeywordEnd:end])
	if bytes.HasPrefix(address, []byte("oracle:")) {
		slash, at := bytes.IndexByte(address, '/'), bytes.IndexByte(address, '@')
		if slash > 0 && at > slash+1 {
			user := bytes.LastIndexByte(address[:slash], ':') + 1
			return Span{Start: w.KeywordEnd + slash + 1, End: w.KeywordEnd + at, NameStart: w.KeywordEnd + user, NameEnd: w.KeywordEnd + slash}, true
		}
	}
	for _, name := range []string{"password=", "pwd="} {
		n := bytes.Index(address, []byte(name))
		if n < 1 || inName(address[n-1]) {
			continue
		}
		start := w.KeywordEnd + n + len(name)
		return withoutTail(b, start, end, "&;,)", w.KeywordEnd+n, start-1)
	}
	return Span{}, false
}

// withoutTail spans b[start:end] up to the first of these bytes.
func withoutTail(b []byte, start, end int, stop string, nameStart, nameEnd int) (Span, bool) {
	if n := bytes.IndexAny(b[start:end], stop); n >= 0 {
		end = start + n
	}
	return Span{Start: start, End: end, NameStart: nameStart, NameEnd: nameEnd}, end > start
}

// connectionParts are the names of which a connection string holds one beside its password.
var connectionParts = []string{"server=", "data source=", "datasource=", "host=", "address=", "initial catalog=", "database=", "uid=", "user id=", "userid=", "username=", "user=", "driver=", "accountendpoint="}

func findConnectionString(w *Window) (Span, bool) {
	begin, end := lineOf(w)
	line := strings.ToLower(string(w.Bytes[begin:end]))
	if !slices.ContainsFunc(connectionParts, func(part string) bool { return strings.Contains(line, part) }) {
		return Span{}, false
	}
	nameStart := trimmed(w.Bytes, w.Keyword, w.KeywordEnd-1, "; ").Start
	return withoutTail(w.Bytes, w.KeywordEnd, end, ";\"'<&\\ \t", nameStart, w.KeywordEnd-1)
}

// findConninfo spans the password of "host=… user=… password=…", whose parts
// stand in any order.
func findConninfo(w *Window) (Span, bool) {
	begin, end := lineOf(w)
	line := w.Bytes[begin:end]
	const name = "password="
	n := bytes.Index(line, []byte(name))
	if n < 0 || (n > 0 && inName(line[n-1])) || !(bytes.Contains(line, []byte("host=")) || bytes.Contains(line, []byte("user="))) {
		return Span{}, false
	}
	start := begin + n + len(name)
	if start < end && w.Bytes[start] == '\'' {
		start++
	}
	return withoutTail(w.Bytes, start, end, " \t\"'`\\;&", begin+n, begin+n+len(name)-1)
}

// findDataSource spans the password before "@tcp(".
func findDataSource(w *Window) (Span, bool) {
	b, start := w.Bytes, w.Keyword
	for start > 0 && b[start-1] > ' ' && b[start-1] < 0x7f && bytes.IndexByte([]byte("\"'`=/"), b[start-1]) < 0 {
		start--
	}
	colon := bytes.IndexByte(b[start:w.Keyword], ':')
	if colon <= 0 {
		return Span{}, false
	}
	return Span{Start: start + colon + 1, End: w.Keyword, NameStart: start, NameEnd: start + colon}, start+colon+1 < w.Keyword
}

// sqlStatements are the beginnings of statements that give users passwords.
var sqlStatements = []string{"create user", "alter user", "create role", "alter role", "grant ", "create login", "alter login", "set password"}

// findQuoted spans what the quote at the keyword's end opens, in such a statement.
func findQuoted(w *Window) (Span, bool) {
	before := strings.ToLower(string(w.Bytes[:w.KeywordEnd]))
	if !slices.ContainsFunc(sqlStatements, func(s string) bool { return strings.Contains(before, s) }) {
		return Span{}, false
	}
	n := bytes.IndexByte(w.Bytes[w.KeywordEnd:], w.Bytes[w.KeywordEnd-1])
	if n <= 0 || bytes.ContainsAny(w.Bytes[w.KeywordEnd:w.KeywordEnd+n], " \t\r\n") {
		return Span{}, false
	}
	return Span{Start: w.KeywordEnd, End: w.KeywordEnd + n}, true
}

func databaseNameRules() []Rule {
	password := made(base62, 20)
	return []Rule{{
		ID: "database-variable-password", Title: "Password of a database in a variable that its software reads",
		Severity: advisory.High, Confidence: Likely,
		Keywords: []string{
			"PGPASSWORD", "POSTGRES_PASSWORD", "POSTGRESQL_PASSWORD", "MYSQL_PWD", "MYSQL_PASSWORD", "MYSQL_ROOT_PASSWORD", "MARIADB_PASSWORD",
			"MARIADB_ROOT_PASSWORD", "MSSQL_SA_PASSWORD", "SA_PASSWORD", "MONGO_INITDB_ROOT_PASSWORD", "REDISCLI_AUTH", "REDIS_PASSWORD", "NEO4J_AUTH",
			"ORACLE_PWD", "CLICKHOUSE_PASSWORD", "RABBITMQ_DEFAULT_PASS", "COUCHDB_PASSWORD", "ELASTIC_PASSWORD", "INFLUXDB_ADMIN_PASSWORD",
		},
		Before: namedBefore, After: 200, Find: findVariable, Check: judgePassword, Opaque: true,
		Source: "https://www.postgresql.org/docs/current/libpq-envars.html; https://dev.mysql.com/doc/refman/8.4/en/environment-variables.html; " +
			"the documentation of the images at https://hub.docker.com/_/postgres, /_/mysql, /_/mongo",
		True: []string{
			"export PGPASSWORD=" + password + "\n", "POSTGRES_PASSWORD: '" + password + "'", `{"MYSQL_ROOT_PASSWORD":"` + password + `"}`,
			"RUN MYSQL_PWD=" + password + " mysql -u root",
		},
		False: []string{
			"PGPASSWORD=$PGPASS psql", "POSTGRES_PASSWORD: ${POSTGRES_PASSWORD}", "MYSQL_PASSWORD=\n", `if [ -z "$MYSQL_ROOT_PASSWORD" ]; then`,
			"MYSQL_ROOT_PASSWORD_FILE=/run/secrets/db", `os.environ["PGPASSWORD"] = getpass()`,
		},
	}}
}

// findVariable spans the value that is given to the variable whose name the
// keyword is, or ends.
func findVariable(w *Window) (Span, bool) {
	b := w.Bytes
	if w.KeywordEnd < len(b) && inName(b[w.KeywordEnd]) {
		return Span{}, false
	}
	start := w.Keyword
	for start > 0 && w.Keyword-start < longestName && inName(b[start-1]) {
		start--
	}
	at, ok := assignment(b, w.KeywordEnd)
	if !ok || at >= len(b) {
		return Span{}, false
	}
	stop := " \t\r\n\"'`,;&|<>\\\x00"
	if quote := b[at-1]; quote == '"' || quote == '\'' {
		stop = string(quote) + "\\\r\n\x00"
	}
	return withoutTail(b, at, len(b), stop, start, w.KeywordEnd)
}
